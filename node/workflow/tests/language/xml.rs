//! XML itself: encodings, line ends, sections, limits.

use peerflow_workflow::{Document, MAX_DOCUMENT_BYTES, Severity, Work};

use crate::{errors, with_action, work, workflow};

fn script_code(code: &str) -> String {
    match work(&format!("<script><code>{code}</code></script>")) {
        Work::Script(script) => script.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn windows_files_are_read_like_others() {
    assert_eq!(script_code("\r\n  if x:\r\n    y\r\n"), "if x:\n  y");
    assert_eq!(script_code("<![CDATA[\r\n  a\r\n  b\r\n]]>"), "a\nb");
    let xml = with_action("<shell><command>x</command></shell>").replace("><", ">\r\n<");
    workflow(&format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n{xml}"
    ));
}

#[test]
fn sections_comments_and_instructions_do_not_disturb() {
    assert_eq!(
        script_code("a<!-- b --> c<![CDATA[ < & ]]>&#100;&#x65;&lt;"),
        "a c < & de<"
    );
    workflow(&format!(
        "<!-- x --><?pi y?>{}<!-- z -->\n",
        with_action("<!-- c --><shell><command>x</command></shell>")
    ));
}

#[test]
fn white_space_in_attributes_is_a_blank() {
    let found = workflow(
        "<work-flow name='a\r\n\tb' desc='1&#10;2'><start name='s' to='e'/><end name='e'/></work-flow>",
    );
    assert_eq!(
        (found.name.as_str(), found.description.as_str()),
        ("a  b", "1\n2")
    );
}

#[test]
fn other_encodings_are_refused_with_their_place() {
    let gbk = b"<work-flow name=\"w\">\n<!-- \xbc\xe0 --></work-flow>";
    let found = Document::from_bytes(gbk).expect_err("not UTF-8");
    assert_eq!((found.0[0].place.line, found.0[0].place.column), (2, 6));
    assert!(found.0[0].help.contains("UTF-8"));
    let wide: Vec<u8> = "\u{feff}<work-flow/>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let found = Document::from_bytes(&wide).expect_err("UTF-16");
    assert!(found.to_string().contains("UTF-16"), "{found}");
    let sound = with_action("<shell><command>x</command></shell>");
    assert!(Document::from_bytes(format!("\u{feff}{sound}").as_bytes()).is_ok());
}

#[test]
fn the_size_limit_is_told() {
    let found = errors(&" ".repeat(MAX_DOCUMENT_BYTES + 1));
    assert!(found.to_string().contains("4194304"), "{found}");
    assert!(Document::from_bytes(&vec![b'x'; MAX_DOCUMENT_BYTES + 1]).is_err());
}

#[test]
fn depth_is_limited_also_without_end_tags() {
    let deep = "<a>".repeat(200_000);
    assert!(
        errors(&format!("<work-flow name='w'>{deep}"))
            .to_string()
            .contains("deeper than 64")
    );
    let nested = format!("{}{}", "<b>".repeat(50), "</b>".repeat(50));
    workflow(&with_action(&format!("<email>{nested}</email>")));
}

#[test]
fn bombs_and_foreign_entities_are_refused() {
    let bomb =
        "<!DOCTYPE w [<!ENTITY a 'aaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]><work-flow name='&b;'/>";
    assert!(errors(bomb).to_string().contains("DTD"));
    let file = "<!DOCTYPE w [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><work-flow name='w'><start name='&x;' to='e'/></work-flow>";
    let found = errors(file).to_string();
    assert!(
        found.contains("DTD") && found.contains("unknown entity &x;"),
        "{found}"
    );
}

#[test]
fn broken_xml_does_not_hide_other_faults_nor_invent_some() {
    let found = errors(
        "<work-flow name='w' mail-level='x'>\n<start name='s' to='a'/>\n<action name='a' timeout='y'>\n<shell><command>x</command>\n",
    );
    let text = found.to_string();
    assert!(
        text.contains("never closed") && text.contains("no outcome") && text.contains("timeout"),
        "{text}"
    );
    assert_eq!(
        found
            .0
            .iter()
            .filter(|each| each.severity == Severity::Error)
            .count(),
        3,
        "{text}"
    );
}

#[test]
fn control_characters_and_text_outside_are_refused() {
    assert!(
        errors("<work-flow name='a\u{1}'/>")
            .to_string()
            .contains("U+0001")
    );
    assert!(
        errors("<work-flow name='&#1;'/>")
            .to_string()
            .contains("&#1;")
    );
    assert!(errors("hello").to_string().contains("outside"));
    assert!(
        errors("<work-flow name='w'/>x")
            .to_string()
            .contains("outside")
    );
    assert!(
        errors("<work-flow name='w'/><work-flow name='w'/>")
            .to_string()
            .contains("second outermost")
    );
    assert!(errors("").to_string().contains("empty"));
    assert!(errors("</a>").to_string().contains("closes nothing"));
}

#[test]
fn a_report_shows_the_line_in_a_long_one_too() {
    let long = format!(
        "<work-flow name='w' desc='{}' timezone='Mars'/>",
        "监".repeat(100_000)
    );
    let shown = errors(&long).render("flow.xml", &long, false);
    assert!(
        shown.contains("timezone='Mars'") && shown.len() < 20_000,
        "{} bytes",
        shown.len()
    );
    assert!(shown.contains("flow.xml:1:"), "{shown}");
    assert!(
        errors(&long)
            .render("flow.xml", &long, true)
            .contains("\u{1b}[")
    );
    // A report survives a source that is not the one it is about.
    assert!(
        errors(&long)
            .render("flow.xml", "", false)
            .contains("no known time zone")
    );
}

#[test]
fn the_heading_of_a_report_names_line_and_column() {
    let xml = "<work-flow name=\"w\">\n  <start name=\"s\" to=\"nowhere\"/>\n  <end name=\"e\"/>\n</work-flow>";
    let shown = errors(xml).render("flow.xml", xml, false);
    assert!(shown.contains("[flow.xml:2:23]"), "{shown}");
    let line = xml.replace('\n', " ");
    let shown = errors(&line).render("flow.xml", &line, false);
    assert!(shown.contains("[flow.xml:1:44]"), "{shown}");
}
