"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const chart = byId("chart"), axis = byId("axis"), lanes = byId("lanes"), detail = byId("detail"), tip = byId("tip");
  const FATES = ["succeeded", "failed", "killed", "killed by the spawner: the grant was over", "died with its node", "still runs"];
  const SHORT = ["succeeded", "failed", "killed", "grant over", "node died", "still runs"];
  const end = Math.max(data.end, 1);
  const least = Math.min(end, 20);
  const view = { from: 0, to: end };
  let filter = -1, chosen = null, gutter = 120, width = 800;
  /** What can be pointed at, by its place in this list; filled anew with every drawing. */
  let things = [];

  // Text and times

  const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  const esc = (text) => String(text).replace(/[&<>"']/g, (letter) => escapes[letter]);
  const wide = (letter) => letter.codePointAt(0) >= 0x1100;
  /** As much of a text as has room; nothing where that would be too little to tell it by. */
  const cut = (text, pixels, size = 6.4) => {
    let room = pixels / size, kept = "", taken = 0;
    for (const letter of text) {
      const columns = wide(letter) ? 1.9 : 1;
      if (taken + columns > room) return taken > 5 ? [...kept].slice(0, -1).join("") + "…" : "";
      taken += columns;
      kept += letter;
    }
    return kept;
  };
  const two = (number) => String(number).padStart(2, "0");
  const three = (number) => String(number).padStart(3, "0");
  const clock = (ms) => {
    const whole = Math.floor(ms), s = Math.floor(whole / 1000);
    return `${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}.${three(whole % 1000)}`;
  };
  const long = (ms) => {
    if (ms < 1000) return `${Math.round(ms)}ms`;
    if (ms < 60000) return `${(ms / 1000).toFixed(1).replace(".0", "")}s`;
    const s = Math.round(ms / 1000), m = Math.floor(s / 60), h = Math.floor(m / 60), d = Math.floor(h / 24);
    if (h === 0) return `${m}m ${two(s % 60)}s`;
    return d === 0 ? `${h}h ${two(m % 60)}m` : `${d}d ${h % 24}h`;
  };
  const formats = (options) => {
    const all = { hour12: false, hourCycle: "h23", ...options };
    try { return new Intl.DateTimeFormat("en-GB", { timeZone: data.zone, ...all }); }
    catch { return new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...all }); }
  };
  const hms = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
  const wallFull = formats({ year: "numeric", month: "short", day: "2-digit", ...hms });
  const wallSecond = formats(hms);
  const wallMinute = formats({ hour: "2-digit", minute: "2-digit" });
  const wallDay = formats({ month: "short", day: "numeric" });
  const wall = (ms) => wallFull.format(new Date(data.began + ms));
  const many = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

  // Places

  const x = (ms) => gutter + (ms - view.from) / (view.to - view.from) * (width - gutter);
  const timeAt = (pixel) => view.from + (pixel - gutter) / (width - gutter) * (view.to - view.from);
  const clamp = (pixel) => Math.min(Math.max(pixel, gutter - 2), width + 2);
  const seen = (from, to) => to >= view.from && from <= view.to;
  const until = (to) => to ?? data.end;
  const STRIP = 14, PAD = 7, GAP = 2;
  const rowHeight = (rows) => rows <= 16 ? 16 : Math.max(5, Math.floor(256 / rows));

  const layout = () => {
    let y = 0;
    const parts = {};
    const add = (name, height) => { parts[name] = { y, height }; y += height; };
    const faultRows = data.faults.reduce((most, fault) => Math.max(most, fault[2] + 1), 0);
    if (data.marks.length) add("marks", 22);
    if (faultRows) add("faults", faultRows * 20 + 6);
    if (data.leases.length) add("lease", 24);
    if (data.requests.length) add("requests", 24);
    if (data.waiting.length) add("waiting", 44);
    parts.lanes = data.lanes.map((lane) => {
      const row = rowHeight(lane.rows);
      const height = PAD * 2 + STRIP + Math.max(lane.rows, 1) * (row + GAP) + 2;
      const part = { y, height, row };
      y += height;
      return part;
    });
    parts.height = y;
    return parts;
  };
  const parts = layout();

  // Drawing

  const thing = (kind, value) => things.push({ kind, value }) - 1;
  const rect = (classes, from, to, y, height, extra = "") => {
    // A pixel is left free on the right, so that what follows at once is seen to be another.
    const left = clamp(x(from)), end = clamp(x(to)), right = Math.max(end - left > 4 ? end - 1 : end, left + 1);
    return `<rect class="${classes}" x="${left.toFixed(1)}" y="${y}" width="${(right - left).toFixed(1)}" height="${height}" ${extra}/>`;
  };
  /** Text at the left of a span, as far as it is in view; nothing where there is no room. */
  const inside = (classes, text, from, to, y) => {
    const left = Math.max(clamp(x(from)), gutter), right = clamp(x(to));
    const shown = cut(text, right - left - 8);
    return shown ? `<text class="small ${classes}" x="${(left + 4).toFixed(1)}" y="${y}">${esc(shown)}</text>` : "";
  };
  const label = (text, y, classes = "dim") => `<text class="${classes}" x="10" y="${y}">${esc(cut(text, gutter - 16, 7))}</text>`;

  const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 18e4, 3e5, 6e5, 9e5, 18e5, 36e5,
    72e5, 108e5, 216e5, 432e5, 864e5, 1728e5, 6048e5, 12096e5, 25920e5];
  const ticks = () => {
    const room = Math.max(2, Math.floor((width - gutter) / 96));
    const step = STEPS.find((step) => (view.to - view.from) / step <= room) ?? STEPS[STEPS.length - 1];
    const local = data.began + data.offset;
    const all = [];
    for (let at = Math.ceil((local + view.from) / step) * step - local; at <= view.to; at += step) all.push(at);
    return { step, all };
  };
  const wallTick = (at, step) => {
    const date = new Date(data.began + at);
    if (step >= 864e5) return wallDay.format(date);
    if (step < 1000) return `${wallSecond.format(date)}.${three(((data.began + at) % 1000 + 1000) % 1000)}`;
    const time = (step < 60000 ? wallSecond : wallMinute).format(date);
    return end > 864e5 && /^00:00/.test(time) ? wallDay.format(date) : time;
  };
  const virtualTick = (at, step) => step < 1000 ? clock(at) : clock(at).slice(0, -4);

  const drawAxis = (marks) => {
    let text = label("clock", 14) + label("run", 32), last = -Infinity;
    for (const at of marks.all) {
      const place = x(at);
      if (place < gutter + 2 || place - last < 60) continue;
      last = place;
      const anchor = place > width - 60 ? "end" : "start";
      const put = anchor === "end" ? place - 4 : place + 4;
      text += `<line class="rule" x1="${place.toFixed(1)}" x2="${place.toFixed(1)}" y1="4" y2="42"/>`
        + `<text x="${put.toFixed(1)}" y="14" text-anchor="${anchor}">${esc(wallTick(at, marks.step))}</text>`
        + `<text class="dim small" x="${put.toFixed(1)}" y="32" text-anchor="${anchor}">${virtualTick(at, marks.step)}</text>`;
    }
    axis.innerHTML = `<svg height="42" viewBox="0 0 ${width} 42" aria-hidden="true">${text}</svg>`;
  };

  const drawFaults = () => {
    const part = parts.faults;
    let bands = "", pills = part ? label("faults", part.y + 13) : "";
    data.faults.forEach((fault) => {
      const [from, , row, words] = fault, to = until(fault[1]);
      if (!seen(from, to)) return;
      const y = part.y + 3 + row * 20;
      bands += rect("band", from, to, y + 16, parts.height - y - 16);
      pills += rect("fault", from, to, y, 16, `rx="2" data-i="${thing("fault", fault)}"`) + inside("", words, from, to, y + 8.5);
    });
    return [bands, pills];
  };

  const drawMarks = () => {
    let text = "";
    const part = parts.marks;
    if (part) text += label("events", part.y + 11);
    let last = -Infinity;
    for (const mark of data.marks) {
      const [at, kind, words] = mark;
      if (!seen(at, at)) continue;
      const place = x(at).toFixed(1);
      text += `<line class="line-${kind}" x1="${place}" x2="${place}" y1="${part.y + 2}" y2="${parts.height}"/>`
        + `<rect x="${x(at) - 4}" y="${part.y}" width="8" height="${parts.height - part.y}" fill="transparent" data-i="${thing("mark", mark)}"/>`;
      // Beside the line: to the right of it, or where that is too narrow to the left.
      const right = width - x(at) > Math.min(width / 3, words.length * 6.8 + 12);
      const shown = cut(words, right ? width - x(at) - 8 : x(at) - Math.max(last, gutter) - 8, 6.8);
      if (shown && x(at) > last) {
        const put = right ? `x="${x(at) + 5}"` : `x="${x(at) - 5}" text-anchor="end"`;
        text += `<text class="small flag-${kind}" ${put} y="${part.y + 11}">${esc(shown)}</text>`;
        last = x(at) + (right ? shown.length * 6.8 + 8 : 0);
      }
    }
    return text;
  };

  const drawLease = () => {
    const part = parts.lease;
    if (!part) return "";
    let text = label("lease", part.y + 12);
    data.leases.forEach((lease, place) => {
      const [from, holder, epoch, released] = lease;
      if (released) return;
      const next = data.leases[place + 1], to = next ? next[0] : data.end;
      if (!seen(from, to)) return;
      const index = thing("lease", { from, to, holder, epoch, released: next?.[3] });
      text += rect("lease", from, to, part.y + 4, 16, `rx="2" pointer-events="all" data-i="${index}"`)
        + inside("", `${holder}, epoch ${epoch}`, from, to, part.y + 12.5);
    });
    return text;
  };

  const drawRequests = () => {
    const part = parts.requests;
    if (!part) return "";
    let text = label("requests", part.y + 12), last = {};
    for (const request of data.requests) {
      if (!seen(request[0], request[0])) continue;
      const place = x(request[0]);
      // Those on the same pixels that went the same way are one dot.
      if (place - (last[request[5]] ?? -Infinity) < 1) continue;
      last[request[5]] = place;
      text += `<circle class="${esc(request[5])}" cx="${place.toFixed(1)}" cy="${part.y + 12}" r="4" data-i="${thing("request", request)}"/>`;
    }
    return text;
  };

  const drawWaiting = () => {
    const part = parts.waiting;
    if (!part) return "";
    const most = data.waiting.reduce((most, [, count]) => Math.max(most, count), 1);
    const base = part.y + part.height - 4, scale = (part.height - 12) / most;
    let path = `M${gutter - 2},${base}`, now = 0;
    for (const [at, count] of data.waiting) {
      if (at < view.from) { now = count; continue; }
      if (path.length < 40) path += `V${(base - now * scale).toFixed(1)}`;
      path += `H${clamp(x(at)).toFixed(1)}V${(base - count * scale).toFixed(1)}`;
      now = count;
      if (at > view.to) break;
    }
    if (!path.includes("H")) path += `V${(base - now * scale).toFixed(1)}H${width}`;
    path += `V${base}`;
    return label("waiting", part.y + 14) + label(`at most ${most}`, part.y + 30, "dim small")
      + `<path class="waiting" d="${path}Z" data-i="${thing("waiting", most)}"/>`;
  };

  const fadedBy = (workflow) => filter >= 0 && workflow !== filter ? " faded" : "";
  const workflowOf = (bar) => data.runs[bar[4]][1];
  const nameOf = (bar) => {
    const workflow = workflowOf(bar);
    return `${workflow === null ? data.runs[bar[4]][0] : data.workflows[workflow]} / ${data.steps[bar[5]]}`;
  };

  const drawBars = (lane, part) => {
    const top = part.y + PAD + STRIP + 4, last = {};
    let text = "";
    const place = (row) => top + row * (part.row + GAP);
    lane.bars.forEach((bar, number) => {
      const from = bar[0], to = until(bar[1]);
      if (!seen(from, to)) return;
      const left = x(from), right = x(to), key = `${bar[2]} ${bar[3]} ${fadedBy(workflowOf(bar))}`;
      // What is thinner than two pixels is drawn once for each two, of each fate.
      if (right - left < 2) {
        if (left - (last[key] ?? -Infinity) < 2) return;
        last[key] = left;
      }
      const faded = fadedBy(workflowOf(bar));
      const marked = chosen && chosen.lane === lane && chosen.number === number ? " chosen" : "";
      const index = thing("bar", { lane, bar, number });
      text += rect(`f${bar[3]}${faded}${marked}`, from, to, place(bar[2]), part.row, `${right - left > 6 ? 'rx="2" ' : ""}data-i="${index}"`);
      if (part.row >= 12 && right - left > 36) text += inside(`t${bar[3]}${faded}`, nameOf(bar), from, to, place(bar[2]) + part.row / 2 + .5);
    });
    for (const fold of lane.folds) {
      const [from, to, row, fates, workflows] = fold;
      if (!seen(from, to)) continue;
      // The worst of its fates: a failure must not vanish among many.
      const worst = [1, 4, 3, 2, 5, 0].find((fate) => fates[fate] > 0);
      const faded = filter >= 0 && !workflows.some(([workflow]) => workflow === filter) ? " faded" : "";
      text += rect(`f${worst}${faded}`, from, to, place(row), part.row, `data-i="${thing("fold", { lane, fold })}"`);
    }
    return text;
  };

  const drawLane = (lane, part) => {
    const y = part.y + PAD;
    let text = `<line class="rule" x1="0" x2="${width}" y1="${part.y + .5}" y2="${part.y + .5}"/>`;
    let free = 0;
    const down = (from, to) => {
      if (to > from && seen(from, to)) text += rect("down", from, to, part.y + 1, part.height - 1) + inside("dim", "down", from, to, y + 7);
    };
    for (const life of lane.lives) {
      down(free, life[0]);
      free = until(life[1]);
      if (seen(life[0], free)) text += rect("life", life[0], free, y + 5, 4, `data-i="${thing("life", { lane, life })}"`);
    }
    down(free, lane.lives.length && lane.lives[lane.lives.length - 1][1] === null ? free : data.end);
    for (const [from, to, epoch] of lane.masters) {
      if (!seen(from, until(to))) continue;
      text += rect("master", from, until(to), y, STRIP, `rx="2" data-i="${thing("master", { lane, from, to, epoch })}"`)
        + inside("on-master", `master, epoch ${epoch}`, from, until(to), y + 7.5);
    }
    for (const [from, to] of lane.pauses) {
      if (!seen(from, until(to))) continue;
      text += rect("pause", from, until(to), y, STRIP, `rx="2" data-i="${thing("pause", { lane, from, to })}"`)
        + inside("", "stands still", from, until(to), y + 7.5);
    }
    // It still believes to be master while it stands still.
    for (const [from, to] of lane.masters) for (const [still, on] of lane.pauses) {
      const first = Math.max(from, still), last = Math.min(until(to), until(on));
      if (first < last && seen(first, last)) text += rect("master", first, last, y + STRIP - 3, 3);
    }
    const room = lane.slots ? `${lane.slots} slots` : "";
    return text + drawBars(lane, part)
      + `<rect x="0" y="${part.y + 1}" width="${gutter - 1}" height="${part.height - 1}" fill="var(--ground)"/>`
      + label(lane.node, y + 8, "name") + (room ? label(room, y + 26, "dim small") : "");
  };

  const DEFS = `<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">`
    + `<rect width="2" height="6" fill="var(--down)"/></pattern></defs>`;

  const draw = () => {
    width = Math.max(chart.clientWidth, 280);
    gutter = width < 640 ? 84 : 132;
    things = [];
    const marks = ticks();
    drawAxis(marks);
    const grid = marks.all.map((at) => x(at)).filter((place) => place > gutter)
      .map((place) => `<line class="grid" x1="${place.toFixed(1)}" x2="${place.toFixed(1)}" y1="0" y2="${parts.height}"/>`).join("");
    const [bands, pills] = drawFaults();
    const rows = data.lanes.map((lane, place) => drawLane(lane, parts.lanes[place])).join("");
    lanes.innerHTML = `<svg height="${parts.height}" viewBox="0 0 ${width} ${parts.height}">${DEFS}${grid}${bands}`
      + `${drawWaiting()}${rows}${pills}${drawLease()}${drawRequests()}${drawMarks()}`
      + `<line class="rule" x1="${gutter - .5}" x2="${gutter - .5}" y1="0" y2="${parts.height}"/></svg>`;
  };
  let due = false;
  const redraw = () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => { due = false; draw(); });
  };

  // What a thing is, in words

  const between = (from, to) => [["from", `${clock(from)}  (${wall(from)})`],
    ["to", to === null ? "the end of the run" : `${clock(to)}  (${wall(to)})`], ["took", long(until(to) - from)]];
  const told = {
    bar: ({ lane, bar }) => [nameOf(bar), [["fate", FATES[bar[3]]], ["node", lane.node],
      ["attempt", `${data.runs[bar[4]][0]}/${data.steps[bar[5]]}.${bar[6]}.${bar[7]}`], ...between(bar[0], bar[1])]],
    fold: ({ lane, fold }) => [many(fold[3].reduce((sum, count) => sum + count, 0), "task"),
      [...fold[3].map((count, fate) => [SHORT[fate], String(count)]).filter(([, count]) => count !== "0"), ["node", lane.node],
        ["workflows", fold[4].slice(0, 6).map(([name, count]) => `${data.workflows[name]} (${count})`).join(", ") + (fold[4].length > 6 ? " …" : "")],
        ...between(fold[0], fold[1])]],
    fault: (fault) => [fault[3], [["kind", "fault"], ...between(fault[0], fault[1])]],
    mark: (mark) => [mark[2], [["at", `${clock(mark[0])}  (${wall(mark[0])})`]]],
    lease: (lease) => [`The lease is with ${lease.holder}`, [["epoch", String(lease.epoch)], ...between(lease.from, lease.to),
      ...(lease.released ? [["then", "released"]] : [])]],
    master: ({ lane, from, to, epoch }) => [`${lane.node} believes to be master`, [["epoch", String(epoch)], ...between(from, to)]],
    pause: ({ lane, from, to }) => [`${lane.node} stands still`, between(from, to)],
    life: ({ lane, life }) => [`${lane.node}, incarnation ${life[2]}`, [...between(life[0], life[1]), ...(life[3] ? [["then", life[3]]] : [])]],
    request: (request) => [request[4], [["request", String(request[2])], ["to", request[3]], ["asked", `${clock(request[0])}  (${wall(request[0])})`],
      ["answer", request[6]], ...(request[1] === null ? [] : [["after", long(request[1] - request[0])]])]],
    waiting: (most) => [`Steps that wait for a slot, at most ${most} at once`, []],
  };
  const show = (one) => {
    const [title, rows] = told[one.kind](one.value);
    const strong = document.createElement("strong"), list = document.createElement("dl");
    strong.textContent = title;
    for (const [name, value] of rows) {
      const box = document.createElement("div"), term = document.createElement("dt"), text = document.createElement("dd");
      term.textContent = name;
      text.textContent = value;
      box.append(term, text);
      list.append(box);
    }
    detail.replaceChildren(strong, list);
    chosen = one.kind === "bar" ? one.value : null;
    redraw();
  };
  const pointed = (event) => things[event.target.dataset?.i];
  const hint = (event) => {
    const one = pointed(event);
    tip.hidden = !one || chart.classList.contains("moving");
    if (tip.hidden) return;
    const [title, rows] = told[one.kind](one.value);
    tip.textContent = [title, ...rows.map(([name, value]) => `${name}: ${value}`)].join("\n");
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.min(event.clientX + 14, innerWidth - box.width - 8)}px`;
    tip.style.top = `${event.clientY + 18 + box.height > innerHeight ? event.clientY - box.height - 10 : event.clientY + 18}px`;
  };

  // Moving about

  const look = (from, to) => {
    const length = Math.min(Math.max(to - from, least), end);
    view.from = Math.min(Math.max(from, 0), end - length);
    view.to = view.from + length;
    redraw();
  };
  const zoom = (factor, at = (view.from + view.to) / 2) => {
    const length = Math.min(Math.max((view.to - view.from) * factor, least), end);
    const share = (at - view.from) / (view.to - view.from);
    look(at - length * share, at + length * (1 - share));
  };
  const move = (share) => look(view.from + (view.to - view.from) * share, view.to + (view.to - view.from) * share);
  const pixel = (event) => event.clientX - chart.getBoundingClientRect().left - chart.clientLeft;

  chart.addEventListener("wheel", (event) => {
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (event.ctrlKey || event.metaKey) zoom(Math.exp(Math.sign(event.deltaY) * .25), timeAt(Math.max(pixel(event), gutter)));
    else if (sideways && (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))) move(sideways / (width - gutter));
    else return;
    event.preventDefault();
  }, { passive: false });

  let held = null;
  chart.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    held = { x: event.clientX, from: view.from, to: view.to, one: pointed(event), moved: false };
  });
  chart.addEventListener("pointermove", (event) => {
    if (held && Math.abs(event.clientX - held.x) > 3 && !held.moved) {
      held.moved = true;
      chart.setPointerCapture(event.pointerId);
      chart.classList.add("moving");
    }
    if (held?.moved) {
      const by = (held.x - event.clientX) / (width - gutter) * (held.to - held.from);
      look(held.from + by, held.to + by);
    }
    hint(event);
  });
  const release = () => {
    if (held && !held.moved && held.one) show(held.one);
    held = null;
    chart.classList.remove("moving");
  };
  chart.addEventListener("pointerup", release);
  chart.addEventListener("pointercancel", () => { held = null; chart.classList.remove("moving"); });
  chart.addEventListener("pointerleave", () => { tip.hidden = true; });
  chart.addEventListener("dblclick", (event) => zoom(.4, timeAt(Math.max(pixel(event), gutter))));

  /** From task to task of a lane, by their beginning, or to the next lane. */
  const step = (along, across) => {
    const filled = data.lanes.filter((lane) => lane.bars.length);
    if (!filled.length) return;
    let lane = chosen?.lane ?? filled[0], number = 0;
    if (across) {
      lane = filled[Math.min(Math.max(filled.indexOf(lane) + across, 0), filled.length - 1)];
      const at = chosen ? chosen.bar[0] : view.from;
      number = lane.bars.reduce((best, bar, place) => Math.abs(bar[0] - at) < Math.abs(lane.bars[best][0] - at) ? place : best, 0);
    } else if (chosen) number = Math.min(Math.max(chosen.number + along, 0), lane.bars.length - 1);
    else number = Math.max(lane.bars.findIndex((bar) => bar[0] >= view.from), 0);
    const bar = lane.bars[number], length = view.to - view.from;
    if (bar[0] < view.from || bar[0] > view.to) look(bar[0] - length / 2, bar[0] + length / 2);
    show({ kind: "bar", value: { lane, bar, number } });
  };
  const keys = {
    "+": () => zoom(.5), "=": () => zoom(.5), "-": () => zoom(2), "0": () => look(0, end), Home: () => look(0, view.to - view.from),
    End: () => look(end - (view.to - view.from), end), ArrowLeft: () => step(-1, 0), ArrowRight: () => step(1, 0),
    ArrowUp: () => step(0, -1), ArrowDown: () => step(0, 1),
  };
  chart.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.shiftKey && event.key === "ArrowLeft") move(-.25);
    else if (event.shiftKey && event.key === "ArrowRight") move(.25);
    else if (keys[event.key]) keys[event.key]();
    else return;
    event.preventDefault();
  });
  byId("in").addEventListener("click", () => zoom(.5));
  byId("out").addEventListener("click", () => zoom(2));
  byId("whole").addEventListener("click", () => look(0, end));
  const select = byId("filter");
  data.workflows.forEach((name, place) => select.add(new Option(name, String(place))));
  select.addEventListener("change", () => { filter = select.value === "" ? -1 : Number(select.value); redraw(); });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(".at");
    if (!button) return;
    const from = Number(button.dataset.from), to = Number(button.dataset.to);
    const margin = Math.max((to - from) * .5, end / 40);
    look(from - margin, to + margin);
    chart.scrollIntoView({ block: "nearest" });
  });

  // Legend: only what there is

  const used = new Set(data.lanes.flatMap((lane) => [...lane.bars.map((bar) => bar[3]),
    ...lane.folds.flatMap((fold) => fold[3].map((count, fate) => count ? fate : -1))]));
  const key = (classes, words) => `<li><svg viewBox="0 0 22 14" aria-hidden="true"><rect class="${classes}" x="1" y="1" width="20" height="12" rx="2"/></svg>${words}</li>`;
  // The patterns of the chart are there only once it is drawn, and then for the whole page.
  byId("legend").innerHTML = SHORT.map((words, fate) => used.has(fate) ? key(`f${fate}`, words) : "").join("")
    + key("master", "master") + (data.lanes.some((lane) => lane.pauses.length) ? key("pause", "stands still") : "") + (data.lanes.some((lane) => lane.lives.some((life) => life[3])) ? key("down framed", "down") : "")
    + (data.faults.length ? key("band framed", "fault") : "");

  new ResizeObserver(redraw).observe(chart);
  draw();
})();
