//! The CDN: ciphertexts that are uploaded and downloaded.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use md5::{Digest as _, Md5};

use super::cipher;
use crate::wire::{GetUploadUrlRequest, MediaKey, ciphertext_len};

/// The largest file, in bytes of plaintext.
pub(super) const FILE_MAX: u64 = 32 << 20;
/// How many bytes are kept; beyond that the oldest files go.
const KEPT_MAX: usize = 128 << 20;
/// How many uploads may be announced at a time; beyond that the oldest are forgotten.
const TICKETS_MAX: usize = 1000;

/// Uploads that were announced, and files that are there.
#[derive(Default)]
pub(super) struct Cdn {
    tickets: BTreeMap<String, Ticket>,
    announced: VecDeque<String>,
    files: BTreeMap<String, Bytes>,
    stored: VecDeque<String>,
    kept: usize,
}

/// Where something is uploaded to, and where it is found afterwards: two secrets.
pub(super) struct Place {
    pub(super) upload: String,
    pub(super) download: String,
}

struct Ticket {
    filekey: String,
    ciphertext: u64,
    md5: String,
    key: MediaKey,
    download: String,
}

impl Cdn {
    /// A client announces an upload, perhaps with a thumbnail. Says whether there will be one.
    ///
    /// # Errors
    /// What is wrong with the announcement.
    pub(super) fn announce(
        &mut self,
        request: &GetUploadUrlRequest,
        file: Place,
        thumb: Place,
    ) -> Result<bool, &'static str> {
        let key = MediaKey::parse_hex(&request.aeskey).map_err(|_| "invalid aeskey")?;
        if MediaKey::parse_hex(&request.filekey).is_err() {
            return Err("invalid filekey");
        }
        if MediaKey::parse_hex(&request.rawfilemd5).is_err() {
            return Err("invalid rawfilemd5");
        }
        if !(1..=4).contains(&request.media_type) {
            return Err("invalid media_type");
        }
        if request.rawsize > FILE_MAX {
            return Err("file too large");
        }
        if request.filesize != ciphertext_len(request.rawsize) {
            return Err("invalid filesize");
        }
        let has_thumb = !request.no_need_thumb && request.thumb_rawsize > 0;
        if has_thumb {
            if MediaKey::parse_hex(&request.thumb_rawfilemd5).is_err() {
                return Err("invalid thumb_rawfilemd5");
            }
            if request.thumb_rawsize > FILE_MAX {
                return Err("thumbnail too large");
            }
            if request.thumb_filesize != ciphertext_len(request.thumb_rawsize) {
                return Err("invalid thumb_filesize");
            }
        }
        let ticket = |ciphertext, md5: &str, download| Ticket {
            filekey: request.filekey.clone(),
            ciphertext,
            md5: md5.to_ascii_lowercase(),
            key,
            download,
        };
        self.admit(
            file.upload,
            ticket(request.filesize, &request.rawfilemd5, file.download),
        );
        if has_thumb {
            let (size, md5) = (request.thumb_filesize, &request.thumb_rawfilemd5);
            self.admit(thumb.upload, ticket(size, md5, thumb.download));
        }
        Ok(has_thumb)
    }

    fn admit(&mut self, upload: String, ticket: Ticket) {
        if self.announced.len() == TICKETS_MAX
            && let Some(oldest) = self.announced.pop_front()
        {
            self.tickets.remove(&oldest);
        }
        self.announced.push_back(upload.clone());
        self.tickets.insert(upload, ticket);
    }

    /// A client uploads what it announced. Gives the download parameter.
    ///
    /// # Errors
    /// Why it is refused.
    pub(super) fn upload(
        &mut self,
        upload: &str,
        filekey: Option<&str>,
        ciphertext: Bytes,
    ) -> Result<String, &'static str> {
        let ticket = self
            .tickets
            .get(upload)
            .ok_or("unknown encrypted_query_param")?;
        if filekey.is_some_and(|filekey| filekey != ticket.filekey) {
            return Err("filekey does not match");
        }
        if ciphertext.len() as u64 != ticket.ciphertext {
            return Err("size does not match filesize");
        }
        let plaintext = cipher::decrypt(ticket.key, &ciphertext).ok_or("cannot be decrypted")?;
        if digest(&plaintext) != ticket.md5 {
            return Err("content does not match rawfilemd5");
        }
        let download = ticket.download.clone();
        self.keep(download.clone(), ciphertext);
        Ok(download)
    }

    /// Puts a file there without asking.
    pub(super) fn store(&mut self, download: String, key: MediaKey, plaintext: &[u8]) {
        self.keep(download, cipher::encrypt(key, plaintext).into());
    }

    /// The ciphertext behind a download parameter.
    pub(super) fn download(&self, download: &str) -> Option<Bytes> {
        self.files.get(download).cloned()
    }

    fn keep(&mut self, download: String, ciphertext: Bytes) {
        self.kept += ciphertext.len();
        match self.files.insert(download.clone(), ciphertext) {
            // The same upload once more.
            Some(before) => self.kept -= before.len(),
            None => self.stored.push_back(download),
        }
        while self.kept > KEPT_MAX
            && let Some(oldest) = self.stored.pop_front()
        {
            self.kept -= self.files.remove(&oldest).map_or(0, |file| file.len());
        }
    }
}

/// MD5, hex.
pub(super) fn digest(bytes: &[u8]) -> String {
    format!("{:032x}", u128::from_be_bytes(Md5::digest(bytes).into()))
}
