//! The lure: an address of the kit's own that is none of the adapter's business, and tells of
//! whoever comes.

use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{Driven, Item, Letter, Session, Stop};
use crate::evidence::Fact;

/// An open address. Whoever connects is seen and turned away.
#[derive(Debug)]
pub(super) struct Lure {
    port: u16,
    watch: JoinHandle<()>,
}

impl Drop for Lure {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

impl Session {
    /// Opens an address that nobody names to the adapter as its transport. Containment lets the
    /// adapter reach it, so that a connection is seen and not merely refused; so it has to be there
    /// before the adapter is.
    ///
    /// # Errors
    /// A fault of the kit: no port.
    pub async fn lay_a_lure(&mut self) -> Driven {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(Stop::kit)?;
        let port = listener.local_addr().map_err(Stop::kit)?.port();
        self.log.record(Fact::Lured {
            address: address(port),
        });
        let log = self.log.clone();
        let watch = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                log.record(Fact::Strayed);
                drop(connection);
            }
        });
        self.lure = Some(Lure { port, watch });
        Ok(())
    }

    /// The owner sends a link to the lure.
    ///
    /// # Errors
    /// A fault of the kit: there is no lure.
    pub fn send_link_to_lure(&mut self) -> Driven {
        let link = self.link_to_lure()?;
        let words = self.cast.text();
        let text = Item::Text(format!("{words} {link}"));
        let letter = Letter::new(&self.cast.owner, text);
        self.send(&letter);
        Ok(())
    }

    /// The owner sends a picture that says it lies at the lure.
    ///
    /// # Errors
    /// A fault of the kit: there is no lure.
    pub fn send_picture_of_lure(&mut self) -> Driven {
        let link = self.link_to_lure()?;
        let picture = json!({"type": 2, "image_item": {
            "media": {
                "encrypt_query_param": self.cast.tag(),
                "aes_key": "MDEyMzQ1Njc4OWFiY2RlZg==",
                "encrypt_type": 1,
                "full_url": link,
            },
            "url": link,
        }});
        let letter = Letter::new(&self.cast.owner, Item::Raw(picture));
        self.send(&letter);
        Ok(())
    }

    fn link_to_lure(&mut self) -> Driven<String> {
        let port = self.lure.as_ref().map(|lure| lure.port);
        let port = port.ok_or_else(|| Stop::kit("the scenario has laid no lure"))?;
        Ok(format!("http://{}/{}", address(port), self.cast.tag()))
    }

    /// The TCP ports that the adapter may connect to: WeChat's, the trap's where a configuration
    /// is to be refused, and the lure's.
    pub(super) async fn ports(&mut self) -> Driven<Vec<u16>> {
        if self.draft.flaw.is_some() {
            self.wechat.trap().await?;
        }
        let mut ports = self.wechat.ports();
        ports.extend(self.lure.as_ref().map(|lure| lure.port));
        Ok(ports)
    }
}

fn address(port: u16) -> String {
    format!("127.0.0.1:{port}")
}
