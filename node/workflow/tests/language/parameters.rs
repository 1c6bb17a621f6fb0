//! Substitution into an instance's workflow.

use std::collections::BTreeSet;
use std::time::Duration;

use peerflow_workflow::{
    Command, Document, Email, Parameters, ResolveError, StepKind, Work, Workflow,
};

use crate::{action, at, errors, parsed, with_action};

fn given(pairs: &[(&str, &str)]) -> Parameters {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn resolved(xml: &str, pairs: &[(&str, &str)]) -> Result<Workflow, ResolveError> {
    parsed(xml)
        .0
        .resolve(&given(pairs), &at("2026-03-29T00:30:00Z", "Europe/Berlin"))
}

#[test]
fn values_are_substituted_after_parsing_and_cannot_make_markup() {
    let xml = with_action(
        "<shell><command>echo '${param:a}' ${time.today} ${HOME} $${x}</command></shell>",
    );
    let value = "</command></shell><kill name=\"k\"/>&amp;<![CDATA[ ${param:a}\n\"'";
    let workflow = resolved(&xml, &[("a", value)]).expect("a workflow");
    assert_eq!(workflow.steps.len(), 3);
    let expected = format!("echo '{value}' 2026-03-29 ${{HOME}} $${{x}}");
    assert_eq!(action(&workflow).work, Work::Shell(Command(expected)));
}

#[test]
fn every_missing_parameter_is_named() {
    let xml =
        with_action("<shell><command>${param:b} ${param:a} ${param:c}${param:b}</command></shell>");
    let (document, _) = parsed(&xml);
    assert_eq!(
        document.parameters_needed(),
        BTreeSet::from(["a", "b", "c"].map(str::to_owned))
    );
    assert_eq!(
        resolved(&xml, &[("c", "")]),
        Err(ResolveError::MissingParameters(vec![
            "a".to_owned(),
            "b".to_owned()
        ]))
    );
}

#[test]
fn check_lists_what_must_be_given() {
    let (document, _) = parsed(
        "<work-flow name='w' desc='${param:text}'><coordinator><param-list><param name='day' value='${param:from}'/>
         </param-list></coordinator><start name='s' to='e'/><kill name='k'><message>${param:day}</message></kill>
         <end name='e'/></work-flow>",
    );
    assert_eq!(
        document.parameters_needed(),
        BTreeSet::from(["day", "text"].map(str::to_owned))
    );
    assert_eq!(
        document.parameters_to_give(),
        BTreeSet::from(["from", "text"].map(str::to_owned))
    );
}

#[test]
fn typed_attributes_have_their_default_until_they_are_substituted() {
    let xml = "<work-flow name='w' instance-limit='${param:n}'><start name='s' to='a'/>
        <action name='a' timeout='${param:t}' is-ignore='${param:i}'><data-monitor><source type='NUM'>${param:v}</source>
        </data-monitor><ok to='e'/></action><end name='e'/></work-flow>";
    let (document, _) = parsed(xml);
    assert_eq!(
        (
            document.workflow().instance_limit,
            action(document.workflow()).timeout
        ),
        (1, None)
    );
    let workflow =
        resolved(xml, &[("n", "4"), ("t", "30"), ("i", "true"), ("v", "1.5")]).expect("a workflow");
    assert_eq!(workflow.instance_limit, 4);
    assert_eq!(
        (action(&workflow).timeout, action(&workflow).ignore),
        (Some(Duration::from_secs(30)), true)
    );
    let error = resolved(
        xml,
        &[("n", "0"), ("t", "soon"), ("i", "true"), ("v", "many")],
    )
    .expect_err("bad values");
    let ResolveError::Invalid(diagnostics) = error else {
        panic!("{error}")
    };
    assert_eq!(diagnostics.0.len(), 3, "{diagnostics}");
    assert_eq!(
        (diagnostics.0[0].place.line, diagnostics.0[1].place.line),
        (1, 2)
    );
}

#[test]
fn a_target_may_be_a_parameter() {
    let xml = "<work-flow name='w'><start name='s' to='${param:first}'/><action name='a'><shell><command>x</command></shell>
        <ok to='e'/></action><end name='e'/></work-flow>";
    let workflow = resolved(xml, &[("first", "a")]).expect("a workflow");
    assert_eq!(
        workflow.steps[0].kind,
        StepKind::Start {
            to: workflow.find("a").expect("a")
        }
    );
    let error = resolved(xml, &[("first", "nowhere")]).expect_err("no such step");
    assert!(
        error.to_string().contains("no step is called nowhere"),
        "{error}"
    );
}

#[test]
fn indentation_is_removed_before_values_go_in() {
    let xml =
        with_action("<script><code>\n    if x:\n        y = '''${param:text}'''\n</code></script>");
    let workflow = resolved(&xml, &[("text", "a\nb")]).expect("a workflow");
    let Work::Script(script) = &action(&workflow).work else {
        panic!("a script")
    };
    assert_eq!(script.code, "if x:\n    y = '''a\nb'''");
}

#[test]
fn values_in_mail_are_escaped_and_the_authors_html_is_not() {
    let html = |inside: &str| {
        let workflow = resolved(&with_action(inside), &[("a", "<b>&\"")]).expect("a workflow");
        match &action(&workflow).work {
            Work::Email(Email { html }) => html.clone(),
            other => panic!("{other:?}"),
        }
    };
    let escaped = "&lt;b&gt;&amp;&quot;";
    assert_eq!(
        html("<email><html><![CDATA[<i>${param:a}</i>]]></html></email>"),
        format!("<i>{escaped}</i>")
    );
    assert_eq!(
        html("<email><p title='${param:a}'>${param:a}</p></email>"),
        format!("<p title=\"{escaped}\">{escaped}</p>")
    );
}

#[test]
fn a_workflow_without_macros_is_shared_by_its_instances() {
    let (document, _) = parsed(&with_action(
        "<shell><command>echo ${HOME}</command></shell>",
    ));
    let time = at("2026-03-29T00:30:00Z", "UTC");
    let first = document
        .resolve_shared(&Parameters::new(), &time)
        .expect("a workflow");
    let second = document
        .resolve_shared(&Parameters::new(), &time)
        .expect("a workflow");
    assert!(std::sync::Arc::ptr_eq(&first, &second));
    assert_eq!(&*first, document.workflow());
}

#[test]
fn a_long_value_mentioned_often_is_stopped() {
    let mentions = "${param:a}".repeat(2_000);
    let xml = with_action(&format!("<shell><command>{mentions}</command></shell>"));
    let error = resolved(&xml, &[("a", &"x".repeat(1_000_000))]).expect_err("too long");
    assert!(error.to_string().contains("longer than"), "{error}");
}

#[test]
fn a_text_that_grows_too_long_for_a_key_when_it_is_substituted_is_refused() {
    let xml = |attribute: &str, step: &str| {
        format!(
            "<work-flow name=\"w\" {attribute}><start name=\"start\" to=\"end\"/>\
             <end name=\"end\"/><kill name=\"{step}\"/></work-flow>"
        )
    };
    for (xml, longest, message) in [
        (xml("dir=\"/${param:a}\"", "k"), 499, "500 bytes"),
        (xml("creator=\"${param:a}\"", "k"), 255, "255 bytes"),
        (xml("", "${param:a}"), 255, "255 bytes"),
    ] {
        let fits = resolved(&xml, &[("a", &"x".repeat(longest))]);
        assert!(fits.is_ok(), "{fits:?}");
        let error = resolved(&xml, &[("a", &"x".repeat(longest + 1))]).expect_err("too long");
        let ResolveError::Invalid(diagnostics) = &error else {
            panic!("{error:?}");
        };
        let told = &diagnostics.0[0];
        assert!(told.message.contains(message), "{told:?}");
        assert!(told.help.contains("shorter"), "{told:?}");
        assert!(told.place.line == 1 && told.place.column > 1, "{told:?}");
    }
}

#[test]
fn the_longest_creator_and_folder_are_taken_and_longer_ones_of_a_coordinator_are_not() {
    let xml = |dir: usize, creator: usize| {
        let (dir, creator) = ("d".repeat(dir), "c".repeat(creator));
        format!(
            "<coordinator name=\"c\" dir=\"/{dir}/\" creator=\"{creator}\"><depend-list cron=\"0 1 * * *\"/>\
             <trigger-list><workflow name=\"w\"/></trigger-list></coordinator>"
        )
    };
    assert!(Document::parse(&xml(499, 255)).is_ok());
    for (dir, creator, message) in [(500, 1, "500 bytes"), (1, 256, "255 bytes")] {
        let told = errors(&xml(dir, creator));
        assert!(told.0[0].message.contains(message), "{told}");
    }
}
