#!/usr/bin/env python3
"""Cleans a day's orders: clean_orders.py DAY WORK FILE...

Writes WORK/orders_DAY.csv (no headings, for a transfer), orders_DAY.rows (how many), and orders_DAY.rejected (file, line, why
and the line itself). Each takes the place of the former when it is whole, so that it can run again. Fails if more than a
tenth of the lines are bad: then it is not dirt but another file.
"""
import csv
import os
import sys
from datetime import datetime
from decimal import Decimal, InvalidOperation

FIELDS = ["order_id", "city", "user_id", "amount", "status", "created_at", "remark"]
STATUSES = {"paid", "cancelled"}


def cleaned(fields, day):
    """The order, or ValueError with what is wrong."""
    if len(fields) != len(FIELDS):
        raise ValueError(f"{len(fields)} fields, {len(FIELDS)} are expected")
    if any("\udc80" <= c <= "\udcff" for field in fields for c in field):
        raise ValueError("not UTF-8")
    order, city, user, amount, status, created, remark = (field.strip() for field in fields)
    if not order.isdigit() or not user.isdigit():
        raise ValueError("order_id or user_id is no number")
    if not city:
        raise ValueError("no city")
    try:
        money = Decimal(amount.lstrip("¥￥").replace(",", ""))
    except InvalidOperation:
        raise ValueError(f"amount {amount!r} is no number") from None
    if not 0 <= money < 10**10:
        raise ValueError(f"amount {amount!r} is not possible")
    if status.lower() not in STATUSES:
        raise ValueError(f"status {status!r} is unknown")
    try:
        moment = datetime.strptime(created.replace("/", "-").replace("T", " "), "%Y-%m-%d %H:%M:%S")
    except ValueError:
        raise ValueError(f"created_at {created!r} is no time") from None
    if f"{moment:%Y-%m-%d}" != day:
        raise ValueError(f"of another day: {created}")
    return [int(order), city, int(user), f"{money:.2f}", status.lower(), f"{moment:%Y-%m-%d %H:%M:%S}", remark]


def main(day, work, files):
    orders, rejected, lines, twice = {}, [], 0, 0
    for path in files:
        with open(path, encoding="utf-8-sig", errors="surrogateescape", newline="") as source:
            reader = csv.reader(source)
            next(reader, None)
            for fields in reader:
                if not any(field.strip() for field in fields):
                    continue
                lines += 1
                try:
                    order = cleaned(fields, day)
                except ValueError as why:
                    rejected.append([os.path.basename(path), reader.line_num, why, *fields])
                    continue
                # Of an order that comes twice the last line is right.
                twice += order[0] in orders
                orders[order[0]] = order
    base = os.path.join(work, f"orders_{day}")
    write(base + ".rejected", lambda out: csv.writer(out, lineterminator="\n").writerows(
        [str(each).replace("\r", " ").replace("\n", " ") for each in row] for row in rejected))
    print(f"{lines} lines: {len(orders)} orders, {twice} twice, {len(rejected)} rejected, see {base}.rejected")
    if len(rejected) * 10 > lines:
        sys.exit(f"{len(rejected)} of {lines} lines are bad: is this the right file?")
    write(base + ".csv", lambda out: csv.writer(out, lineterminator="\n").writerows(orders.values()))
    write(base + ".rows", lambda out: out.write(f"{len(orders)}\n"))


def write(path, fill):
    with open(path + ".part", "w", encoding="utf-8", errors="backslashreplace", newline="") as out:
        fill(out)
    os.replace(path + ".part", path)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
