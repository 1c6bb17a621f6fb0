//! What is accepted, but hardly meant.

use crate::{errors, parsed, with_action};

/// The warnings of a document as `line:column: message (help)`.
fn warnings(xml: &str) -> Vec<String> {
    parsed(xml)
        .1
        .0
        .iter()
        .map(|each| peerflow_workflow::Diagnostics(vec![each.clone()]).to_string())
        .collect()
}

fn only_warning(xml: &str) -> String {
    let mut found = warnings(xml);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn unknown_names_are_ignored_with_the_nearest_known_one() {
    let found = only_warning(&with_action(
        "<script><code>x</code><parm-line>1</parm-line></script>",
    ));
    assert!(
        found.contains("<parm-line>") && found.contains("did you mean param-line?"),
        "{found}"
    );
    let found = only_warning(
        "<work-flow name='w' instance-limti='2'>\n<start name='s' to='e'/><end name='e'/></work-flow>",
    );
    assert!(
        found.starts_with("1:21: ") && found.contains("did you mean instance-limit?"),
        "{found}"
    );
    let found = only_warning(
        "<work-flow name='w'>\n stray <start name='s' to='e'/><end name='e'/></work-flow>",
    );
    assert!(
        found.starts_with("2:2: ") && found.contains("text"),
        "{found}"
    );
}

#[test]
fn steps_that_nothing_leads_to_are_named() {
    let found = only_warning(
        "<work-flow name='w'><start name='s' to='e'/>\n  <kill name='k'/><end name='e'/></work-flow>",
    );
    assert!(found.starts_with("2:3: nothing leads to k"), "{found}");
}

#[test]
fn a_loop_through_an_action_is_legal_and_one_of_ignored_actions_is_warned_of() {
    let polling = |attributes: &str| {
        format!(
            "<work-flow name='w'><start name='s' to='a'/><action name='a' {attributes}><shell><command>x</command></shell>
             <ok to='a'/><error to='e'/></action><end name='e'/></work-flow>"
        )
    };
    assert!(warnings(&polling("")).is_empty());
    assert!(only_warning(&polling("is-ignore='true'")).contains("ignored actions only"));
}

#[test]
fn an_indented_end_mark_of_a_here_document_is_shown() {
    let script = |code: &str| with_action(&format!("<script><code>{code}</code></script>"));
    let found = only_warning(&script(
        "\n  if true; then\n    cat &lt;&lt;EOF\n    text\n    EOF\n  fi\n",
    ));
    assert!(found.contains("end mark EOF"), "{found}");
    let found = only_warning(&script(
        "<![CDATA[\n  if true; then\n    cat <<'E O'\n    x\n    cat <<EOF\n    EOF\n  fi\n]]>",
    ));
    assert!(found.starts_with("6:5: "), "{found}");
    for sound in [
        "\n  cat &lt;&lt;EOF\n  text\n  EOF\n",
        "\n  if x; then\n  cat &lt;&lt;-EOF\n\tEOF\n  fi",
        "\n  #!/usr/bin/python3\n  if 1:\n    x = 1 &lt;&lt;EOF\n    EOF\n",
        "\n  echo $((a &lt;&lt; b))\n",
        "\n  cat &lt;&lt;&lt; EOF\n    EOF\n",
    ] {
        assert!(warnings(&script(sound)).is_empty(), "{sound}");
    }
}

#[test]
fn forks_and_joins_that_do_nothing_are_named() {
    let found = warnings(
        "<work-flow name='w'><start name='s' to='f'/><fork name='f'><path to='j'/></fork><join name='j' to='e'/>
         <end name='e'/></work-flow>",
    );
    assert!(
        found[0].contains("only one path") && found[1].contains("only one way leads"),
        "{found:?}"
    );
}

#[test]
fn a_workflow_that_never_ends_is_warned_of() {
    let found = warnings(
        "<work-flow name='w'><start name='s' to='a'/><action name='a'><shell><command>x</command></shell><ok to='a'/>
         </action><end name='e'/></work-flow>",
    );
    assert!(
        found
            .iter()
            .any(|each| each.contains("no end can be reached")),
        "{found:?}"
    );
}

#[test]
fn several_faults_are_told_at_once_and_in_order() {
    let found = errors(
        "<work-flow name='w' mail-level='x' timezone='y' nmae='z'>\n<start name='s' to='q'/>\n<end name='e'/>\n<end name='e'/>\n</work-flow>",
    );
    let lines: Vec<u32> = found.0.iter().map(|each| each.place.line).collect();
    assert_eq!(lines, [1, 1, 1, 2, 4], "{found}");
    let all = found.to_string();
    for part in [
        "no outcome",
        "no known time zone",
        "did you mean name?",
        "no step is called q",
        "second step",
    ] {
        assert!(all.contains(part), "{part}: {all}");
    }
}

#[test]
fn thousands_of_faults_are_counted() {
    let many = "<star/>".repeat(5_000);
    let found = errors(&format!("<work-flow name='w'>{many}</work-flow>"));
    assert!(found.0.len() < 500, "{}", found.0.len());
    assert!(
        found
            .to_string()
            .contains("4800 more warnings are not shown"),
        "{}",
        found.0.len()
    );
}
