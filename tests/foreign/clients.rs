//! Clients that others wrote take the simulated WeChat for the real one, and do with it what is
//! known of them (`spec/transport.md`).

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use aios_wechat::simulator::{Draft, Fault, FaultRule, Parcel, Shape};
use aios_wechat::wire::Endpoint;
use serde_json::{Value, json};

use crate::Outcome;
use crate::bench::Bench;
use crate::place::{Absent, broken, repository};
use crate::{node, python};

/// Messages that WeChat gives at once, more than one context token answers.
const MANY: usize = 12;

const SERVER_ERROR: Fault = Fault::HttpStatus {
    status: 500,
    retry_after_sec: None,
};

/// weilink answers, answers a redelivery again, outlives failures, and ends when its login does.
pub(crate) fn weilink() -> Outcome {
    let requirements = repository("tests/adapters/weilink/requirements.txt");
    let python = python::interpreter("weilink", &requirements)?;
    run(async {
        let mut bench = Bench::open().await?;
        let account = json!({
            "bot_id": bench.wechat.bot_id(), "base_url": bench.wechat.base_url(),
            "token": bench.wechat.token(), "user_id": bench.wechat.owner_user_id(), "cursor": "",
        });
        bench.write("default/token.json", &account)?;
        let script = repository("tests/foreign/clients/echo.py");
        let home = bench.folder.path().to_owned();
        bench
            .launch(&python, &[script.as_os_str(), home.as_os_str()])
            .await?;

        answers_and_answers_again(&bench).await?;

        bench.fail_poll(SERVER_ERROR).await?;
        bench.printed("recv: ILinkError").await?;
        bench.exchange("after a failed poll").await?;

        bench
            .wechat
            .set_fault(FaultRule::next(Endpoint::SendMessage, SERVER_ERROR))
            .map_err(broken)?;
        bench.say("whose answer is lost");
        bench.printed("send: False").await?;
        bench.exchange("after a failed send").await?;
        bench.heard("re: whose answer is lost", 0).await?;

        // Its quota counts against the newest token, so the last of many are not answered.
        give_many(&bench);
        bench.printed("send: QuotaExhaustedError").await?;
        bench.exchange("after many").await?;
        for number in 0..MANY {
            let answers = usize::from(number < 10);
            bench
                .heard(&format!("re: number {number}"), answers)
                .await?;
        }

        // It looks for -14 in one field only, and takes the other for nothing new.
        bench.fail_poll(expired(Shape::Ret)).await?;
        bench.exchange("after an expiry it did not see").await?;
        bench.wechat.expire_session();
        bench.printed("recv: SessionExpiredError").await?;
        if bench.ended().await? != Some(3) {
            return Err(broken("it ends otherwise than by its own decision"));
        }
        is(
            &read(&home.join("default/token.json"))?["cursor"],
            &json!(""),
        )?;
        is(
            &read(&home.join("default/contexts.json"))?[bench.wechat.owner_user_id()]["t"],
            &Value::Null,
        )
    })
}

/// weixin-agent-sdk answers, answers a redelivery again, outlives failures, tells the person when
/// an answer cannot be sent, and falls silent for an hour when its login does.
pub(crate) fn weixin_agent_sdk() -> Outcome {
    let place = node::packages("weixin-agent-sdk")?;
    let script = place.script(&repository("tests/foreign/clients/echo.mjs"))?;
    run(async {
        let mut bench = Bench::open().await?;
        let id = bench
            .wechat
            .bot_id()
            .to_lowercase()
            .replace(['@', '.'], "-");
        let account = json!({
            "token": bench.wechat.token(), "baseUrl": bench.wechat.base_url(),
            "userId": bench.wechat.owner_user_id(), "savedAt": "2026-03-24T12:00:00.000Z",
        });
        bench.write(".openclaw/openclaw-weixin/accounts.json", &json!([id]))?;
        bench.write(
            &format!(".openclaw/openclaw-weixin/accounts/{id}.json"),
            &account,
        )?;
        bench.launch(&place.node(), &[script.as_os_str()]).await?;

        answers_and_answers_again(&bench).await?;

        bench.fail_poll(SERVER_ERROR).await?;
        bench.printed("getUpdates error (1/3)").await?;
        bench.exchange("after a failed poll").await?;

        bench
            .wechat
            .set_fault(FaultRule::next(Endpoint::SendMessage, SERVER_ERROR))
            .map_err(broken)?;
        bench.say("whose answer is lost");
        bench.heard_of("⚠️").await?;
        bench.exchange("after a failed send").await?;
        bench.heard("re: whose answer is lost", 0).await?;

        give_many(&bench);
        bench.exchange("after many").await?;
        let read: Vec<String> = bench
            .wechat
            .deliveries()
            .into_iter()
            .map(|sent| sent.text)
            .collect();
        let many: Vec<&String> = read
            .iter()
            .filter(|text| text.starts_with("re: number "))
            .collect();
        let wanted: Vec<String> = (0..MANY)
            .map(|number| format!("re: number {number}"))
            .collect();
        if many != wanted.iter().collect::<Vec<_>>() {
            return Err(broken(format!("{many:?} instead of {wanted:?}")));
        }

        bench.polling().await?;
        let polls = bench.polls();
        bench.wechat.expire_session();
        bench
            .printed("session expired (errcode -14), pausing for 60 min")
            .await?;
        if bench.is_over() || bench.polls() > polls {
            return Err(broken("it ends, or polls on"));
        }
        Ok(())
    })
}

/// openilink insists on a QR code, answers, outlives failures, and stops polling when its login
/// is void.
pub(crate) fn openilink() -> Outcome {
    run(async {
        let bench = logged_in("openilink").await?;
        outlives(&bench).await?;
        bench.printed("poll: getUpdates (1/3)").await?;
        bench.printed("send: ilink: http 500").await?;
        bench.wechat.expire_session();
        bench.printed("errcode=-14").await
    })
}

/// weixin-ilink does the same, and sends a picture back that it downloaded.
pub(crate) fn weixin_ilink() -> Outcome {
    run(async {
        let bench = logged_in("weixin_ilink").await?;
        outlives(&bench).await?;
        let owner = bench.wechat.owner_user_id();
        bench.wechat.send_items(&owner, vec![json!({"type": 2})]);
        bench.heard("re: a picture", 1).await?;
        bench.sent_item(2).await?;
        bench.wechat.expire_session();
        bench.printed("Session").await
    })
}

/// weixin-bot-sdk logs in by itself when its login is void, and answers what came meanwhile.
pub(crate) fn weixin_bot() -> Outcome {
    run(async {
        let bench = logged_in("weixin_bot").await?;
        outlives(&bench).await?;
        bench.polling().await?;
        let token = bench.wechat.token();
        bench.wechat.expire_session();
        bench.exchange("while nobody is logged in").await?;
        if bench.wechat.token() == token {
            return Err(broken("it never logged in again"));
        }
        Ok(())
    })
}

/// A client that knows nothing but where WeChat is, once it polls.
async fn logged_in(client: &str) -> Result<Bench, Absent> {
    let requirements = repository("tests/foreign/clients/requirements.txt");
    let python = python::interpreter("clients", &requirements)?;
    let mut bench = Bench::open().await?;
    let script = repository("tests/foreign/clients/login.py");
    let (base, cdn) = (bench.wechat.base_url(), bench.wechat.cdn_base_url());
    let words = [client, &base, &cdn].map(OsStr::new);
    let arguments = [&[script.as_os_str()], words.as_slice()].concat();
    bench.launch(&python, &arguments).await?;
    Ok(bench)
}

async fn outlives(bench: &Bench) -> Outcome {
    answers_and_answers_again(bench).await?;
    bench.fail_poll(SERVER_ERROR).await?;
    bench.exchange("after a failed poll").await?;
    bench
        .wechat
        .set_fault(FaultRule::next(Endpoint::SendMessage, SERVER_ERROR))
        .map_err(broken)?;
    bench.say("whose answer is lost");
    bench.polling().await?;
    bench.exchange("after a failed send").await?;
    bench.heard("re: whose answer is lost", 0).await
}

async fn answers_and_answers_again(bench: &Bench) -> Outcome {
    let first = bench.exchange("hello 你好 👋").await?;
    bench.polling().await?;
    bench.wechat.redeliver(first.message_id, false);
    bench.heard("re: hello 你好 👋", 2).await
}

fn give_many(bench: &Bench) {
    let owner = bench.wechat.owner_user_id();
    let texts = (0..MANY).map(|number| format!("number {number}"));
    let parcels: Vec<Parcel> = texts
        .map(|text| Parcel::New(Draft::text(owner.as_str(), text)))
        .collect();
    bench.wechat.inject_batch(&parcels);
}

fn expired(shape: Shape) -> Fault {
    Fault::BusinessError {
        code: -14,
        errmsg: Some("session timeout".to_owned()),
        shape,
    }
}

fn read(path: &Path) -> Result<Value, Absent> {
    serde_json::from_slice(&fs::read(path).map_err(broken)?).map_err(broken)
}

fn is(value: &Value, wanted: &Value) -> Outcome {
    if value == wanted {
        Ok(())
    } else {
        Err(broken(format!("{value} instead of {wanted}")))
    }
}

fn run(test: impl Future<Output = Outcome>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.map_err(broken)?.block_on(test)
}
