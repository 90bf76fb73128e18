//! The kit against adapters and clients that others wrote, as they come from their registries.
//!
//! Where no interpreter or no registry is at hand a test is reported as ignored, with the reason.
//! `AIOS_WECHAT_FOREIGN=require` turns that into a failure, `AIOS_WECHAT_FOREIGN=off` skips all.

mod beginnings;
mod bench;
mod browser;
mod clients;
mod faces;
mod leaks;
mod node;
mod openapi;
mod place;
mod python;
mod schemas;
mod verdicts;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use place::Absent;

/// What comes of a test: done, impossible here, or failed.
type Outcome = Result<(), Absent>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = vec![
        trial("the_adapter_on_weilink_deviates_as_declared", || {
            verdicts::hold(&python::adapter("weilink")?)
        }),
        trial(
            "the_adapter_on_weixin_agent_sdk_deviates_as_declared",
            || verdicts::hold(&node::adapter("weixin-agent-sdk")?),
        ),
        trial(
            "weilink_takes_the_simulated_wechat_for_the_real_one",
            clients::weilink,
        ),
        trial(
            "weixin_agent_sdk_takes_the_simulated_wechat_for_the_real_one",
            clients::weixin_agent_sdk,
        ),
        trial(
            "openilink_logs_in_by_qr_code_and_outlives_failures",
            clients::openilink,
        ),
        trial(
            "weixin_ilink_logs_in_by_qr_code_and_sends_a_picture_back",
            clients::weixin_ilink,
        ),
        trial(
            "weixin_bot_logs_in_again_when_its_login_expires",
            clients::weixin_bot,
        ),
        trial("a_node_adapter_begins_well", beginnings::node),
        trial("a_go_adapter_begins_well", beginnings::go),
        trial("a_rust_adapter_begins_well", beginnings::rust),
        trial(
            "ajv_judges_every_fixture_as_the_types_do",
            schemas::ajv_agrees,
        ),
        trial(
            "jsonschema_judges_every_fixture_as_the_types_do",
            schemas::jsonschema_agrees,
        ),
        trial(
            "the_page_of_a_report_is_usable_by_everybody_and_obeys_nobody",
            browser::report_page,
        ),
        trial(
            "the_page_of_the_simulated_wechat_is_usable_by_everybody_and_obeys_nobody",
            browser::simulator_page,
        ),
        trial(
            "the_control_api_is_described_as_openapi_has_it",
            openapi::is_valid,
        ),
        trial(
            "typescript_types_have_names_of_their_own",
            schemas::typescript_reads_well,
        ),
        trial("leaks_in_databases_are_found", leaks::in_databases),
        trial(
            "the_faces_of_a_report_hold_by_their_schemas",
            faces::hold_by_their_schemas,
        ),
        trial("jsonschema_takes_every_report", faces::hold_by_jsonschema),
        trial(
            "python_models_have_names_of_their_own",
            schemas::python_reads_well,
        ),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(name: &str, test: fn() -> Outcome) -> Trial {
    Trial::ignorable_test(name, move || match wish().as_deref() {
        Some("off") => Ok(Completion::ignored_with("AIOS_WECHAT_FOREIGN=off")),
        wish => match test() {
            Ok(()) => Ok(Completion::Completed),
            Err(Absent::Broken(what)) => Err(Failed::from(what)),
            Err(Absent::Missing(what)) if wish == Some("require") => Err(Failed::from(what)),
            Err(Absent::Missing(what)) => Ok(Completion::ignored_with(what)),
        },
    })
}

#[expect(clippy::disallowed_methods, reason = "the one switch of this test")]
fn wish() -> Option<String> {
    std::env::var("AIOS_WECHAT_FOREIGN").ok()
}
