//! Upload and download of media, and what the bot is sent.

use aios_wechat::wire::{CdnMedia, Endpoint, MediaKey, read};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::client::{Answer, WeChat, texts};

const KEY: &str = "000102030405060708090a0b0c0d0e0f";
/// `hello` under that key.
const CIPHERTEXT: [u8; 16] = 0x5d87_49e2_af75_31b2_bf66_61e9_e5da_f012_u128.to_be_bytes();

fn announcement() -> Value {
    json!({
        "filekey": "0123456789abcdef0123456789abcdef", "media_type": 3, "to_user_id": "ann",
        "rawsize": 5, "rawfilemd5": "5d41402abc4b2a76b9719d911017c592", "filesize": 16,
        "no_need_thumb": true, "aeskey": KEY, "base_info": {"channel_version": "2.4.9"},
    })
}

async fn exchange(wechat: &WeChat, method: &str, target: &str, body: &[u8]) -> Answer {
    let length = body.len();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\r\n"
    );
    let mut connection = wechat.connect().await;
    connection
        .write(&[head.as_bytes(), body].concat())
        .await
        .unwrap();
    connection.read().await.unwrap()
}

fn target(url: &Value) -> &str {
    let url = url.as_str().unwrap();
    &url[url.find("/c2c").unwrap()..]
}

#[tokio::test]
async fn a_file_is_uploaded_and_found_again_in_every_spelling() {
    let wechat = WeChat::start().await;
    let answer = wechat.call(Endpoint::GetUploadUrl, &announcement()).await;
    assert_eq!(answer["ret"], 0);
    let parameter = answer["upload_param"].as_str().unwrap();
    let by_parameter = format!(
        "/c2c/upload?encrypted_query_param={parameter}&filekey=0123456789abcdef0123456789abcdef"
    );
    let mut places = Vec::new();
    for target in [target(&answer["upload_full_url"]), &by_parameter] {
        let uploaded = exchange(&wechat, "POST", target, &CIPHERTEXT).await;
        assert_eq!(uploaded.status, 200);
        places.push(uploaded.header("x-encrypted-param").unwrap().to_owned());
    }
    assert_eq!(places[0], places[1], "the same upload twice is one file");
    let escaped = places[0].replace('/', "%2F").replace('=', "%3d");
    for target in [
        format!("/c2c/download?encrypted_query_param={escaped}"),
        format!("/c2c/download?encrypted_query_param={}", places[0]),
        format!("//c2c//download?x=y&encrypted_query_param={}", places[0]),
        format!("/c2c?encrypted_query_param={}", places[0]),
    ] {
        let file = exchange(&wechat, "GET", &target, b"").await;
        assert_eq!(
            (file.status, file.body.as_slice()),
            (200, &CIPHERTEXT[..]),
            "{target}"
        );
    }
}

#[tokio::test]
async fn a_thumbnail_that_was_announced_has_a_place_of_its_own() {
    let wechat = WeChat::start().await;
    let plain = wechat.call(Endpoint::GetUploadUrl, &announcement()).await;
    assert_eq!(plain["thumb_upload_param"], "");
    let mut announcement = announcement();
    announcement["no_need_thumb"] = json!(false);
    announcement["thumb_rawsize"] = json!(5);
    announcement["thumb_filesize"] = json!(16);
    announcement["thumb_rawfilemd5"] = announcement["rawfilemd5"].clone();
    let answer = wechat.call(Endpoint::GetUploadUrl, &announcement).await;
    let mut places = Vec::new();
    for parameter in ["upload_param", "thumb_upload_param"] {
        let parameter = answer[parameter].as_str().unwrap();
        let target = format!(
            "/c2c/upload?encrypted_query_param={parameter}&filekey={}",
            announcement["filekey"].as_str().unwrap()
        );
        let uploaded = exchange(&wechat, "POST", &target, &CIPHERTEXT).await;
        let place = uploaded.header("x-encrypted-param").unwrap().to_owned();
        let target = format!("/c2c/download?encrypted_query_param={place}");
        let file = exchange(&wechat, "GET", &target, b"").await;
        assert_eq!(file.body, CIPHERTEXT);
        places.push(place);
    }
    assert_ne!(places[0], places[1]);
    for (field, value) in [
        ("thumb_filesize", json!(32)),
        ("thumb_rawfilemd5", json!("")),
        ("thumb_rawsize", json!(1u64 << 40)),
    ] {
        let mut wrong = announcement.clone();
        wrong[field] = value;
        let answer = wechat.call(Endpoint::GetUploadUrl, &wrong).await;
        assert_eq!(answer["ret"], -1, "{field}");
    }
}

#[tokio::test]
async fn an_announcement_that_does_not_add_up_is_refused() {
    let wechat = WeChat::start().await;
    for (field, value) in [
        ("filesize", json!(5)),
        ("filesize", json!(32)),
        ("aeskey", json!("short")),
        ("filekey", json!("")),
        ("rawfilemd5", json!("zz")),
        ("media_type", json!(9)),
        ("rawsize", json!(-5)),
        ("rawsize", json!(1u64 << 40)),
    ] {
        let mut announcement = announcement();
        announcement[field] = value.clone();
        let answer = wechat.call(Endpoint::GetUploadUrl, &announcement).await;
        assert_eq!(
            (&answer["ret"], &answer["errcode"]),
            (&json!(-1), &json!(-1)),
            "{field}"
        );
    }
}

#[tokio::test]
async fn an_upload_that_is_not_what_was_announced_is_refused_with_its_reason() {
    let wechat = WeChat::start().await;
    let answer = wechat.call(Endpoint::GetUploadUrl, &announcement()).await;
    let place = target(&answer["upload_full_url"]).to_owned();
    let mut other = CIPHERTEXT;
    other[0] ^= 1;
    for (target, body) in [
        (place.as_str(), &CIPHERTEXT[..15]),
        (&place, &other[..]),
        (&place.replace("0123456789abcdef", "f"), &CIPHERTEXT[..]),
        ("/c2c/upload?encrypted_query_param=unknown", &CIPHERTEXT[..]),
        ("/c2c/upload", &CIPHERTEXT[..]),
    ] {
        let answer = exchange(&wechat, "POST", target, body).await;
        assert_eq!(answer.status, 400, "{target}");
        assert!(answer.header("x-error-message").is_some());
        assert!(answer.header("x-encrypted-param").is_none());
    }
    let missing = exchange(&wechat, "GET", "/c2c/download?encrypted_query_param=x", b"").await;
    assert_eq!(missing.status, 404);
}

#[tokio::test]
async fn media_that_people_send_can_be_downloaded_and_have_their_keys() {
    let wechat = WeChat::start().await;
    for kind in 2..=5 {
        wechat
            .simulator
            .send_items("ann", vec![json!({"type": kind})]);
    }
    let batch = wechat.poll("").await;
    for (message, (name, number)) in batch["msgs"].as_array().unwrap().iter().zip([
        ("image_item", 2),
        ("voice_item", 3),
        ("file_item", 4),
        ("video_item", 5),
    ]) {
        let item = &message["item_list"][0];
        assert_eq!(item["type"], number);
        let media = read::<CdnMedia>(&item[name]["media"].to_string())
            .whole()
            .unwrap();
        assert!(MediaKey::parse(&media.aes_key).is_ok());
        let spelled = STANDARD.decode(&media.aes_key).unwrap().len();
        assert_eq!(spelled, if number == 2 { 16 } else { 32 }, "{name}");
        assert_eq!(media.encrypt_type, 1);
        let place = target(&item[name]["media"]["full_url"]);
        let file = exchange(&wechat, "GET", place, b"").await;
        assert_eq!((file.status, file.body.len() % 16), (200, 0));
    }
    for (index, name) in [(0, "image_item"), (3, "video_item")] {
        let medium = &batch["msgs"][index]["item_list"][0][name];
        let thumb = exchange(
            &wechat,
            "GET",
            target(&medium["thumb_media"]["full_url"]),
            b"",
        )
        .await;
        assert_eq!(medium["thumb_size"], thumb.body.len());
        assert!(medium["thumb_width"].is_u64() && medium["thumb_height"].is_u64());
    }
    let image = &batch["msgs"][0]["item_list"][0]["image_item"];
    let key = MediaKey::parse(image["media"]["aes_key"].as_str().unwrap()).unwrap();
    assert_eq!(image["aeskey"], key.hex());
    let file = &batch["msgs"][2]["item_list"][0]["file_item"];
    assert!(
        file["len"]
            .as_str()
            .is_some_and(|len| len.parse::<u64>().is_ok())
    );
    assert!(file["md5"].as_str().is_some_and(|md5| md5.len() == 32));
    let video = &batch["msgs"][3]["item_list"][0]["video_item"];
    assert_eq!(video["video_size"].as_u64().map(|size| size % 16), Some(0));
    let voice = &batch["msgs"][1]["item_list"][0]["voice_item"];
    for (field, value) in [
        ("encode_type", 4),
        ("bits_per_sample", 16),
        ("sample_rate", 16000),
    ] {
        assert_eq!(voice[field], value, "{field}");
    }
    assert_eq!(voice.get("text"), None, "no transcript unless one is given");
}

#[tokio::test]
async fn what_an_item_says_itself_stays() {
    let wechat = WeChat::start().await;
    let voice = json!({"type": 3, "voice_item": {"text": "spoken", "playtime": 7}});
    let bare = json!({"type": 2, "image_item": {"media": null}});
    let quote = json!({"type": 1, "text_item": {"text": "yes"}, "ref_msg": {"svr_id": 7}});
    wechat
        .simulator
        .send_items("ann", vec![voice, bare, quote, json!({"type": 99})]);
    let batch = wechat.poll("").await;
    let items = &batch["msgs"][0]["item_list"];
    assert_eq!(items[0]["voice_item"]["text"], "spoken");
    assert_eq!(items[0]["voice_item"]["playtime"], 7);
    assert!(items[0]["voice_item"]["media"].is_object());
    assert_eq!(items[1]["image_item"], json!({"media": null}));
    assert_eq!(items[2]["ref_msg"], json!({"svr_id": 7}));
    assert_eq!(items[3]["type"], 99);
    assert_eq!(texts(&batch), [""; 0]);
}
