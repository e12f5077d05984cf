//! sha256 of bytes and files, in lower-case hexadecimal; npm's `sha512-` digests.

use super::PackError;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest, Sha256, Sha512};
use std::io::Read;
use std::path::Path;

/// The digest of `bytes`.
pub(super) fn sha256_of(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The digest of the file at `path`, read in pieces.
pub(super) fn sha256_of_file(path: &Path) -> Result<String, PackError> {
    let mut file = std::fs::File::open(path).map_err(PackError::io(path))?;
    let mut hasher = Sha256::new();
    let mut piece = vec![0; 1 << 18];
    loop {
        match file.read(&mut piece).map_err(PackError::io(path))? {
            0 => return Ok(hex::encode(hasher.finalize())),
            n => hasher.update(&piece[..n]),
        }
    }
}

/// Removes `path` and says both digests unless it has the digest `expected`.
pub(super) fn verify(path: &Path, expected: &str) -> Result<(), PackError> {
    let actual = sha256_of_file(path)?;
    if actual == expected {
        return Ok(());
    }
    std::fs::remove_file(path).map_err(PackError::io(path))?;
    Err(PackError::Digest { path: path.into(), expected: expected.into(), actual })
}

/// Removes `path` and says both digests unless it has the digest `expected` (`sha512-...`, W3C
/// Subresource Integrity).
pub(super) fn verify_integrity(path: &Path, expected: &str) -> Result<(), PackError> {
    let contents = std::fs::read(path).map_err(PackError::io(path))?;
    let actual = format!("sha512-{}", BASE64_STANDARD.encode(Sha512::digest(&contents)));
    if actual == expected {
        return Ok(());
    }
    std::fs::remove_file(path).map_err(PackError::io(path))?;
    Err(PackError::Digest { path: path.into(), expected: expected.into(), actual })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-2, appendix B.1.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_file_with_another_digest_is_removed_and_both_are_said() {
        let dir = tempfile::tempdir().expect("temp dir");
        let path = dir.path().join("f");
        std::fs::write(&path, "abc").expect("write");
        verify(&path, ABC).expect("right digest");
        assert!(path.exists());
        std::fs::write(&path, "abd").expect("write");
        let error = verify(&path, ABC).expect_err("wrong digest").to_string();
        assert!(error.contains(ABC) && error.contains(&sha256_of(b"abd")), "{error}");
        assert!(!path.exists());
    }

    #[test]
    fn npm_digests_are_compared() {
        let dir = tempfile::tempdir().expect("temp dir");
        let path = dir.path().join("f.tgz");
        std::fs::write(&path, "abc").expect("write");
        // FIPS 180-2, appendix C.1, in base64.
        let abc = "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86\
                   A4qmslPpUyknw==";
        verify_integrity(&path, abc).expect("right digest");
        let error = verify_integrity(&path, "sha512-AAAA").expect_err("wrong").to_string();
        assert!(error.contains("f.tgz") && error.contains(abc), "{error}");
        assert!(!path.exists());
    }
}
