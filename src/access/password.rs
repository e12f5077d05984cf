//! Passwords: which ones are taken, and how they are kept.

use super::{AccessError, common};
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use serde::{Deserialize, Deserializer};
use std::sync::Arc;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// NIST SP 800-63B-4, 3.1.1.2 asks for 15 where nothing else protects and 8 beside a second factor;
/// between them stand the throttling and the refusal of common ones.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// Enough for any sentence (NIST: at least 64), little enough to hash.
pub const PASSWORD_CHARS_MAX: usize = 128;
/// Passwords that wait for their turn in one line; more are told to come again.
const WAITING_MAX: usize = 256;

/// A password as it was typed; overwritten when dropped, never shown.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// What was typed, in the form NFKC (NIST SP 800-63B): keyboards write one letter in several
    /// ways.
    pub fn new(typed: &str) -> Password {
        Password(Zeroizing::new(typed.nfkc().collect()))
    }

    /// Whether it may be chosen by whom `context` describes (login and display name). No rules of
    /// composition and no ageing, as NIST SP 800-63B has it.
    pub fn check(&self, context: &[&str]) -> Result<(), WeakPassword> {
        match self.0.chars().count() {
            n if n < PASSWORD_CHARS_MIN => Err(WeakPassword::Short),
            n if n > PASSWORD_CHARS_MAX => Err(WeakPassword::Long),
            _ if common::is_common(&self.0, context) => Err(WeakPassword::Common),
            _ => Ok(()),
        }
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password")
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Password, D::Error> {
        let typed = Zeroizing::new(String::deserialize(deserializer)?);
        Ok(Password::new(&typed))
    }
}

/// Why a password may not be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Too short.
    #[error(
        "the password is too short; use at least {PASSWORD_CHARS_MIN} characters, as four words"
    )]
    Short,
    /// Too long.
    #[error("the password is too long; use at most {PASSWORD_CHARS_MAX} characters")]
    Long,
    /// Words, names, years and runs of keys that are tried first.
    #[error("the password is too common; use several words that do not belong together")]
    Common,
}

/// What one hashing costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashingCost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

/// OWASP "Password Storage": argon2id with 19 MiB, two passes, one lane.
impl Default for HashingCost {
    fn default() -> Self {
        HashingCost { memory_kib: 19 * 1024, passes: 2 }
    }
}

/// What became of a password that was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verified {
    /// It is the user's.
    pub(super) matches: bool,
    /// It was kept at a lower cost than passwords are now.
    pub(super) outdated: bool,
}

/// Who waits behind whom: strangers who come in masses do not keep out who is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// By a session, an invitation or a device from which the user has logged in before.
    Known,
    /// Everybody else.
    Strangers,
}

/// Places to wait in, and how many are hashed at once.
#[derive(Debug, Clone)]
struct Turns {
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

impl Turns {
    fn new() -> Turns {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let turns = Arc::new(Semaphore::new((cores / 4).max(1)));
        Turns { places: Arc::new(Semaphore::new(WAITING_MAX)), turns }
    }
}

/// Hashes passwords beside running calls: on threads of their own, for each line on a quarter of
/// the cores.
#[derive(Debug, Clone)]
pub(super) struct Hasher {
    argon2: Argon2<'static>,
    /// Verified for users that are not there, which takes as long as for those that are.
    decoy: Arc<str>,
    known: Turns,
    strangers: Turns,
}

impl Hasher {
    pub(super) fn new(cost: HashingCost) -> Result<Hasher, AccessError> {
        let params = Params::new(cost.memory_kib, cost.passes, 1, None)
            .map_err(|e| AccessError::Failed(format!("argon2 refuses its parameters: {e}")))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let decoy = hash(&argon2, &rand::random::<[u8; 32]>())?.into();
        Ok(Hasher { argon2, decoy, known: Turns::new(), strangers: Turns::new() })
    }

    /// What is kept of `password`: a PHC string.
    pub(super) async fn hash(&self, password: &Password) -> Result<String, AccessError> {
        let (argon2, password) = (self.argon2.clone(), password.clone());
        self.in_turn(Line::Known, move || hash(&argon2, password.0.as_bytes())).await?
    }

    /// Whether `password` is the one that `kept` was made of.
    pub(super) async fn verify(
        &self,
        password: &Password,
        kept: Option<&str>,
        line: Line,
    ) -> Result<Verified, AccessError> {
        let (argon2, password) = (self.argon2.clone(), password.clone());
        let (known, kept) = (kept.is_some(), kept.unwrap_or(&self.decoy).to_string());
        self.in_turn(line, move || {
            let Ok(hash) = PasswordHash::new(&kept) else {
                return Verified { matches: false, outdated: false };
            };
            let matches = argon2.verify_password(password.0.as_bytes(), &hash).is_ok() && known;
            Verified { matches, outdated: is_outdated(&hash, argon2.params()) }
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        line: Line,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AccessError> {
        let line = match line {
            Line::Known => &self.known,
            Line::Strangers => &self.strangers,
        };
        let Ok(_place) = line.places.clone().try_acquire_owned() else {
            return Err(AccessError::Busy);
        };
        // Held by the work, not by who waits for it: a request that is dropped frees no core.
        let turn = line.turns.clone().acquire_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(|e| AccessError::Failed(format!("hashing was cut off: {e}")))
    }
}

fn hash(argon2: &Argon2<'_>, password: &[u8]) -> Result<String, AccessError> {
    let hash = argon2.hash_password(password);
    let hash = hash.map_err(|e| AccessError::Failed(format!("argon2 cannot hash: {e}")))?;
    Ok(hash.to_string())
}

fn is_outdated(hash: &PasswordHash, now: &Params) -> bool {
    let Ok(then) = Params::try_from(hash) else { return true };
    hash.algorithm != argon2::ARGON2ID_IDENT
        || then.m_cost() < now.m_cost()
        || then.t_cost() < now.t_cost()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: HashingCost = HashingCost { memory_kib: 64, passes: 1 };

    #[test]
    fn rules() {
        let check = |typed: &str, want: Result<(), WeakPassword>| {
            assert_eq!(Password::new(typed).check(&["anna"]), want, "{typed}");
        };
        check("thirsty-lamp", Ok(()));
        check("thirsty-lam", Err(WeakPassword::Short));
        check("зелена жаба!", Ok(()));
        check("password1234", Err(WeakPassword::Common));
        check(&"thirsty lamp ".repeat(9), Ok(()));
        check(&"thirsty lamp ".repeat(10), Err(WeakPassword::Long));
        let read: Password = serde_json::from_str("\"thirsty-lamp\"").unwrap();
        assert_eq!(format!("{read:?}"), "Password");
    }

    #[tokio::test]
    async fn kept_and_verified() {
        let hasher = Hasher::new(CHEAP).unwrap();
        let (right, wrong) = (Password::new("Ấm áp và nắng"), Password::new("am ap va nang"));
        let kept = hasher.hash(&right).await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{kept}");
        assert_ne!(kept, hasher.hash(&right).await.unwrap(), "salted");
        let verdict = async |hasher: &Hasher, password: &Password, kept: Option<&str>| {
            let verified = hasher.verify(password, kept, Line::Strangers).await.unwrap();
            (verified.matches, verified.outdated)
        };
        assert_eq!(verdict(&hasher, &right, Some(&kept)).await, (true, false));
        let decomposed = Password::new(&"Ấm áp và nắng".nfd().collect::<String>());
        assert_eq!(verdict(&hasher, &decomposed, Some(&kept)).await, (true, false));
        assert_eq!(verdict(&hasher, &wrong, Some(&kept)).await, (false, false));
        assert_eq!(verdict(&hasher, &right, None).await, (false, false));
        assert!(!verdict(&hasher, &right, Some("no hash")).await.0);
        let dearer = Hasher::new(HashingCost { passes: 2, ..CHEAP }).unwrap();
        assert_eq!(verdict(&dearer, &right, Some(&kept)).await, (true, true));
    }

    #[tokio::test]
    async fn a_crowd_of_strangers_keeps_nobody_else_out() {
        let hasher = Hasher::new(CHEAP).unwrap();
        let password = Password::new("thirsty-lamp");
        let turn = hasher.strangers.turns.clone().acquire_owned().await.unwrap();
        let all = WAITING_MAX as u32;
        let places = hasher.strangers.places.clone().acquire_many_owned(all).await.unwrap();
        let stranger = hasher.verify(&password, None, Line::Strangers).await;
        assert!(matches!(stranger, Err(AccessError::Busy)));
        hasher.verify(&password, None, Line::Known).await.unwrap();
        drop((turn, places));
        hasher.verify(&password, None, Line::Strangers).await.unwrap();
    }

    #[tokio::test]
    async fn a_user_that_is_not_there_takes_as_long_in_argon2() {
        let hasher = Hasher::new(HashingCost::default()).unwrap();
        let password = Password::new("thirsty-lamp");
        let kept = hasher.hash(&password).await.unwrap();
        // By turns, each first every other time, and of each the fastest: whatever else the machine
        // does adds to both.
        let mut fastest = [std::time::Duration::MAX; 2];
        for turn in 0..24 {
            let i = [0, 1, 1, 0][turn % 4];
            let begun = std::time::Instant::now();
            hasher.verify(&password, [Some(kept.as_str()), None][i], Line::Known).await.unwrap();
            fastest[i] = begun.elapsed().min(fastest[i]);
        }
        let [there, absent] = fastest;
        println!("argon2id, 19 MiB, 2 passes: {there:?}; unknown user: {absent:?}");
        let ratio = there.as_secs_f64() / absent.as_secs_f64();
        assert!((0.5..2.0).contains(&ratio), "{there:?} and {absent:?}");
    }
}
