//! The cipher of media on the CDN: AES-128-ECB with PKCS#7 padding.

use aes::Aes128;
use aes::cipher::{BlockDecrypt as _, BlockEncrypt as _, KeyInit as _};

use crate::wire::MediaKey;

const BLOCK: usize = 16;

/// What is uploaded.
pub(super) fn encrypt(key: MediaKey, plaintext: &[u8]) -> Vec<u8> {
    let padding = BLOCK - plaintext.len() % BLOCK;
    let mut bytes = plaintext.to_vec();
    bytes.resize(
        plaintext.len() + padding,
        u8::try_from(padding).unwrap_or(0),
    );
    let cipher = Aes128::new(&key.0.into());
    for block in bytes.chunks_exact_mut(BLOCK) {
        cipher.encrypt_block(block.into());
    }
    bytes
}

/// What was uploaded. `None` if the key or the padding is wrong.
pub(super) fn decrypt(key: MediaKey, ciphertext: &[u8]) -> Option<Vec<u8>> {
    if !ciphertext.len().is_multiple_of(BLOCK) {
        return None;
    }
    let mut bytes = ciphertext.to_vec();
    let cipher = Aes128::new(&key.0.into());
    for block in bytes.chunks_exact_mut(BLOCK) {
        cipher.decrypt_block(block.into());
    }
    let padding = *bytes.last()?;
    let length = bytes.len().checked_sub(usize::from(padding))?;
    let good = (1..=BLOCK).contains(&usize::from(padding))
        && bytes[length..].iter().all(|byte| *byte == padding);
    bytes.truncate(length);
    good.then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ciphertext_len;

    const KEY: MediaKey = MediaKey(*b"0123456789abcdef");

    #[test]
    fn what_was_encrypted_is_decrypted() {
        for length in [0, 1, 15, 16, 17, 1000] {
            let plaintext = vec![7; length];
            let ciphertext = encrypt(KEY, &plaintext);
            assert_eq!(ciphertext.len() as u64, ciphertext_len(length as u64));
            assert_eq!(decrypt(KEY, &ciphertext), Some(plaintext));
        }
    }

    #[test]
    fn the_cipher_is_the_standard_one() {
        // FIPS-197, appendix C.1.
        let key = MediaKey(std::array::from_fn(|i| u8::try_from(i).unwrap()));
        let plaintext: Vec<u8> = (0..16).map(|i| i * 0x11).collect();
        let block: [u8; 16] = encrypt(key, &plaintext)[..16].try_into().unwrap();
        assert_eq!(
            u128::from_be_bytes(block),
            0x69c4_e0d8_6a7b_0430_d8cd_b780_70b4_c55a
        );
    }

    #[test]
    fn another_key_or_a_cut_ciphertext_is_noticed() {
        let ciphertext = encrypt(KEY, b"hello");
        assert_eq!(decrypt(MediaKey([0; 16]), &ciphertext), None);
        assert_eq!(decrypt(KEY, &ciphertext[..15]), None);
        assert_eq!(decrypt(KEY, b""), None);
    }
}
