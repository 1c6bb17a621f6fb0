use super::*;

fn databases(xml: &str) -> LinkFile {
    LinkFile::read(LinkKind::Database, xml.as_bytes())
}

fn names(file: &LinkFile) -> Vec<&str> {
    file.links
        .iter()
        .map(|placed| placed.link.name.as_str())
        .collect()
}

#[test]
fn a_file_of_database_links_is_read_with_properties_and_secrets_apart() {
    let file = databases(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<db-links>
  <link name="dw" type="mysql" jdbc-url="jdbc:mysql://db:3306/dw?user=x&amp;useSSL=false" username="ann" password="hunter2" desc="the warehouse">
    <properties>
      <property name="connectTimeout">2000</property>
      <property name="trustStorePassword">s3cret</property>
    </properties>
  </link>
  <link name="lite" jdbc-url="jdbc:sqlite:/data/a.db"/>
</db-links>"#,
    );
    assert!(!file.diagnostics.has_errors(), "{}", file.diagnostics);
    assert_eq!(names(&file), ["dw", "lite"]);
    let link = &file.links[0].link;
    assert_eq!(link.settings.system, "MYSQL");
    assert_eq!(
        link.settings.jdbc_url,
        "jdbc:mysql://db:3306/dw?useSSL=false"
    );
    assert_eq!(
        (
            link.settings.username.as_str(),
            link.settings.description.as_str()
        ),
        ("ann", "the warehouse")
    );
    let properties: Vec<&str> = link
        .settings
        .properties
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(properties, ["connectTimeout"]);
    assert_eq!(link.secrets.password(), Some("hunter2"));
    assert_eq!(link.secrets.reveal("trustStorePassword"), Some("s3cret"));
    assert_eq!(file.links[0].place.line, 3);
    assert_eq!(file.links[1].link.settings.system, "SQLITE");
}

#[test]
fn a_bad_link_is_told_with_its_place_and_the_others_are_read() {
    let file = databases(
        "<db-links>\n  <link name=\"a\" type=\"MYSQ\" jdbc-url=\"jdbc:mysql://db/x\"/>\n\
         <link name=\"b\" type=\"MYSQL\" jdbc-url=\"jdbc:mysql://db:x/x\"/>\n\
         <link name=\"c\" jdbc-url=\"jdbc:mysql://db/x\" pasword=\"p\"/>\n\
         <link name=d jdbc-url=\"jdbc:mysql://db/x\"/>\n\
         <lnk/>\n\
         <link name=\"e\" jdbc-url=\"jdbc:mysql://db/x\"/>\n\
         <link name=\"e\" jdbc-url=\"jdbc:mysql://db/y\"/>\n</db-links>",
    );
    assert_eq!(names(&file), ["e"]);
    let text = file.diagnostics.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 6, "{text}");
    for (line, start, word) in [
        (0, "2:24:", "did you mean MYSQL?"),
        (1, "3:39:", "1 to 65535"),
        (2, "4:45:", "did you mean password?"),
        (3, "5:", "attribute name is not in quotes"),
        (4, "6:1:", "only <link> stands here"),
        (
            5,
            "8:1:",
            "database link `e` stands here twice, first at 7:1",
        ),
    ] {
        assert!(
            lines[line].starts_with(start) && lines[line].contains(word),
            "{}",
            lines[line]
        );
    }
}

#[test]
fn a_link_that_is_not_closed_does_not_take_the_next_with_it() {
    let file = databases(
        "<db-links><link name=\"a\" jdbc-url=\"jdbc:mysql://db/x\">\
         <link name=\"b\" jdbc-url=\"jdbc:mysql://db/x\"/></db-links>",
    );
    assert_eq!(names(&file), ["a", "b"]);
    assert!(file.diagnostics.has_errors());
}

#[test]
fn file_links_have_hosts_ports_and_properties() {
    let file = LinkFile::read(
        LinkKind::File,
        br#"<file-links>
          <link name="in" type="SFTP" host="files" port="2222" username="ann" password="p">
            <properties><property name="acceptFirstUse" value="true"/></properties>
          </link>
          <link name="out" type="S3" host="http://s3:9000" username="id" password="key">
            <properties><property name="bucket">b</property></properties>
          </link>
          <link name="bad" type="SFTP" host="files" port="99999" username="ann"/>
          <link name="worse" type="SFTP" host="files" username="ann">
            <properties><property name="hostkei">x</property></properties>
          </link>
        </file-links>"#,
    );
    assert_eq!(names(&file), ["in", "out"]);
    assert_eq!(file.links[0].link.settings.port, Some(2222));
    assert_eq!(
        file.links[0].link.settings.properties["accept-first-use"],
        "true"
    );
    let text = file.diagnostics.to_string();
    assert!(text.contains("8:59: the port is no number"), "{text}");
    assert!(
        text.contains("10:25:") && text.contains("did you mean host-key?"),
        "{text}"
    );
}

#[test]
fn a_dtd_and_another_root_are_refused() {
    let file = databases("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><db-links/>");
    assert!(file.diagnostics.to_string().contains("(DTD) is refused"));
    let file = databases("<file-links/>");
    assert!(file.diagnostics.to_string().contains("write <db-links>"));
    assert!(databases("").diagnostics.has_errors());
    let file = LinkFile::read(LinkKind::Database, b"\xff\xfe<");
    assert!(file.diagnostics.to_string().contains("not UTF-8"));
}

#[test]
fn no_piece_of_a_password_is_told_however_it_is_written() {
    for attribute in [
        "password=\"Zq9\"Zq9=\"1\"",
        "password=\"Zq9\"Zq9\"",
        "password=\"a&Zq9;\"",
        "password=\"a&#Zq9;\"",
        "password=Zq9",
        "password=\"a\"Zq9",
        "password='Zq9'Zq9'",
    ] {
        let file = databases(&format!(
            "<db-links><link name=\"a\" jdbc-url=\"jdbc:mysql://u:Zq9@db:Zq9/x\" {attribute} /></db-links>"
        ));
        let shown = format!("{} {:?}", file.diagnostics, file);
        assert!(file.diagnostics.has_errors(), "{attribute}");
        assert!(!shown.contains("Zq9"), "{attribute}: {shown}");
    }
    for text in ["<Zq9", "<Zq9>", "</Zq9>", "&Zq9;", "&Zq9", "<2Zq9"] {
        let file = databases(&format!(
            "<db-links><link name=\"a\" jdbc-url=\"jdbc:mysql://db/x\"><properties>\
             <property name=\"password\">a{text}</property></properties></link></db-links>"
        ));
        assert!(file.diagnostics.has_errors(), "{text}");
        let shown = format!("{} {:?}", file.diagnostics, file);
        assert!(!shown.contains("Zq9"), "{text}: {shown}");
    }
}

#[test]
fn why_an_entry_is_passed_over_is_known_by_its_name() {
    let file = databases(
        "<db-links>\n<link name=\"a\" type=\"MYSQ\"/>\n\
         <link name=\"b\" jdbc-url=\"jdbc:sqlite:/b.db\"/>\n<link name=\"b\" type=\"MYSQ\"/>\n\
         <link name=\"c\" jdbc-url=\"jdbc:sqlite:/c.db\" pasword=\"hunter2\"/>\n</db-links>",
    );
    let told = |name: &str| {
        let reason = file.passed_over.get(name)?;
        Some((reason.place.line, reason.message.as_str()))
    };
    let (line, why) = told("a").unwrap();
    assert!(line == 2 && why.contains("MYSQ is not known"), "{why}");
    assert_eq!(told("b"), None, "the other one counts");
    assert_eq!(
        told("c"),
        Some((5, "no attribute of this name is known here"))
    );
    assert_eq!(file.broken, None);
}

#[test]
fn a_file_that_cannot_be_read_whole_says_why_links_may_be_missing() {
    let open = databases(
        "<db-links>\n<link name=\"a\" jdbc-url=\"jdbc:sqlite:/a.db\">\n<link name=\"b\" type=\"MYS",
    );
    assert_eq!(names(&open), ["a"]);
    assert_eq!(open.broken.unwrap().place.line, 3);
    let quote = databases(
        "<db-links>\n<link name=\"a\" jdbc-url=\"jdbc:sqlite:/a.db\" password=\"x<y\"/></db-links>",
    );
    assert_eq!(quote.passed_over["a"].place.line, 2);
    assert!(!format!("{quote:?}").contains("x<y"));
    for text in ["<dblinks><link name=\"a\"/></dblinks>", "", "\u{0}"] {
        assert!(databases(text).broken.is_some(), "{text}");
    }
    let bytes = LinkFile::read(LinkKind::Database, &[0xff, 0xfe]);
    assert!(bytes.broken.unwrap().message.contains("not UTF-8"));
}
