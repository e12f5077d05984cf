//! The course of one call: what its caller does at each question, and what is true of it.

use super::document::{Act, Document, Turn};
use super::manner::{Clip, Clips, Manner};
use super::person::People;
use super::{Habits, Need, asked, filled, one_of};
use crate::dialogue::{Hotline, SlotKind};
use rand::Rng;
use rand::rngs::StdRng;

/// So long nothing is said until the bot asks again.
const SILENCE_MS: u64 = 9_000;
/// A caller repeats an answer that often before they leave it to the operator.
const ROUNDS: usize = 2;
/// And denies so many further guesses.
const LEFT_ROUNDS: usize = 3;
/// The prompt of a first and of a further question for each kind of slot.
const NAME_ASKED: [&str; 3] = ["ask_name", "ask_name_again", "ask_name_spelled"];
const ADDRESS_ASKED: [&str; 2] = ["ask_address", "ask_address_again"];
const NEED_ASKED: [&str; 2] = ["ask_need", "ask_need_again"];
const PHONE_ASKED: [&str; 2] = ["ask_phone", "ask_phone_again"];

/// What a generator knows of its hotline.
pub(super) struct Setting<'h> {
    pub hotline: &'h Hotline,
    pub manner: &'h Manner,
    pub clips: &'h Clips,
    pub needs: &'h [Need],
    pub people: People<'h>,
    pub voices: &'h [String],
    pub habits: Habits,
}

/// How a slot is told.
struct Told<'a> {
    /// Its name in the hotline's file.
    slot: &'a str,
    /// For reports.
    label: &'static str,
    /// The prompts that ask for it.
    asked: &'a [&'a str],
    /// The first answer.
    first: Act,
    /// The answer to any further question.
    again: Act,
    /// How the bot reads it back when it is in doubt; `None` where the caller agrees to anything.
    value: Option<String>,
}

/// Writes one call.
pub(super) struct Course<'s, 'h> {
    set: &'s Setting<'h>,
    rng: StdRng,
    /// The caller speaks, with a synthesised voice.
    speaks: bool,
    /// The caller prefers keys for yes and no.
    prefers_keys: bool,
    /// The words this caller agrees and denies with.
    yes_no: [&'h str; 2],
    /// Where the caller lives, in their words.
    home: String,
    doc: Document,
    over: bool,
}

impl<'s, 'h> Course<'s, 'h> {
    pub(super) fn new(set: &'s Setting<'h>, rng: StdRng) -> Course<'s, 'h> {
        let (doc, home) = (Document::default(), String::new());
        let (speaks, prefers_keys, yes_no, over) = (true, false, [""; 2], false);
        Course { set, rng, speaks, prefers_keys, yes_no, home, doc, over }
    }

    /// The whole call.
    pub(super) fn written(mut self) -> Document {
        let recorded = !self.set.clips.is_empty();
        self.speaks = !recorded || self.chance(self.set.manner.synthetic_share);
        self.prefers_keys = self.chance(0.2);
        let manner = self.set.manner;
        self.yes_no = [&manner.yes, &manner.no].map(|l| one_of(l, &mut self.rng).unwrap_or(""));
        self.doc.language.clone_from(&self.set.hotline.file.language);
        self.doc.expect.priority = "normal";
        if self.speaks {
            self.doc.voice = one_of(self.set.voices, &mut self.rng).map(str::to_owned);
        }
        let hangs_up_at = if self.chance(0.07) { self.rng.random_range(0..4) } else { usize::MAX };
        let own = self.set.people.number(&mut self.rng);
        let withheld = self.chance(0.15);
        if !withheld {
            self.doc.from.clone_from(&own);
        }
        self.consent();
        let slots: Vec<(String, SlotKind)> =
            self.set.hotline.file.slots.iter().map(|s| (s.name.clone(), s.kind)).collect();
        for (i, (slot, kind)) in slots.iter().enumerate() {
            if i == hangs_up_at {
                self.hang_up_over(kind);
            }
            if self.over {
                break;
            }
            match kind {
                SlotKind::Name => self.name(slot),
                SlotKind::Address => self.address(slot),
                SlotKind::Need => self.need(slot),
                SlotKind::Phone => self.phone(slot, &own),
            }
        }
        if !self.over {
            self.read_back(&slots);
            self.end();
        }
        self.doc.about = self.about();
        self.doc
    }

    fn about(&self) -> String {
        let how = match (self.speaks, &self.doc.voice) {
            (true, Some(voice)) => voice.trim_start_matches("program: "),
            (true, None) => "the language's own voice",
            (false, _) => "recorded answers and keys",
        };
        format!("Generated: {how}")
    }

    fn chance(&mut self, share: f64) -> bool {
        self.rng.random_bool(share.clamp(0.0, 1.0))
    }

    /// When the caller does not listen to the end of a question, milliseconds into it.
    fn barge_in(&mut self) -> Option<u64> {
        self.chance(self.set.habits.hasty).then(|| self.rng.random_range(500..1_800))
    }

    fn sentence(&mut self, templates: &[String], blank: &str, value: &str) -> String {
        let template = one_of(templates, &mut self.rng).unwrap_or("");
        capital(&filled(template, &[(blank, value)]))
    }

    /// A turn that is done where the bot has just said what `asked` says.
    fn turn(&mut self, label: &str, asked: String, act: Act) -> &mut Turn {
        let turn = Turn { label: label.into(), only_if_asked: Some(asked), act, ..Turn::default() };
        self.doc.turns.push(turn);
        let last = self.doc.turns.len() - 1;
        &mut self.doc.turns[last]
    }

    fn asks(&self, prompts: &[&str]) -> String {
        asked::any_of(self.set.hotline, prompts)
    }

    /// Yes or no, by voice or by key.
    fn agree(&mut self, yes: bool) -> Act {
        let set = self.set;
        let [agrees, denies] = self.yes_no;
        let (clips, words, key) = match yes {
            true => (&set.clips.yes, agrees, "1"),
            false => (&set.clips.no, denies, "2"),
        };
        let by_key = if self.prefers_keys { 0.7 } else { 0.12 };
        if self.chance(by_key) {
            return Act::keys(key);
        }
        let recorded = !self.speaks || self.chance(0.8);
        match clips.len() {
            n if n > 0 && recorded => played(&[&clips[self.rng.random_range(0..n)]]),
            _ if self.speaks => Act::say(words),
            _ => Act::keys(key),
        }
    }

    fn consent(&mut self) {
        let yes = !self.chance(0.04);
        let key = Act::keys(if yes { "1" } else { "2" });
        let act = self.agree(yes);
        let (first, again) = (self.asks(&["ask_consent"]), self.asks(&["ask_consent_again"]));
        let by_key = matches!(act, Act::Keys { .. });
        let barge_in = (by_key && self.chance(0.7)).then(|| self.rng.random_range(800..9_000));
        // The announcement cannot be spoken over.
        self.turn("consent", first, act).barging_in(barge_in);
        let act = self.agree(yes);
        self.turn("consent again", again.clone(), act);
        self.turn("consent by key", again, key);
    }

    /// What callers do before they answer.
    fn before(&mut self, label: &str, prompts: &[&str]) {
        let asks = self.asks(prompts);
        match self.rng.random_range(0..100) {
            0..6 => {
                let silence = Act::Silence { silence_ms: SILENCE_MS };
                self.turn(&format!("silence before {label}"), asks, silence);
            }
            6..16 => {
                let wait_ms = self.rng.random_range(600..2_500);
                self.turn(&format!("thinks before {label}"), asks, Act::Wait { wait_ms });
            }
            16..20 => {
                self.turn(&format!("repeat, by key, before {label}"), asks, Act::keys("*"));
            }
            20..23 => {
                self.turn(&format!("operator, by key, before {label}"), asks, Act::keys("0"));
            }
            23..29 if self.speaks => {
                let manner = self.set.manner;
                let lists = [&manner.repeat, &manner.help, &manner.operator];
                let list = lists[self.rng.random_range(0..lists.len())];
                let words = one_of(list, &mut self.rng).unwrap_or("").to_owned();
                self.turn(&format!("asks back before {label}"), asks, Act::say(words));
            }
            _ => {}
        }
    }

    /// Tells a slot, again where the bot did not understand, and in the end leaves it.
    fn tell(&mut self, told: Told<'_>) {
        let Told { slot, label, asked, first, again, value } = told;
        self.before(label, asked);
        let barge_in = self.barge_in();
        let hotline = self.set.hotline;
        let asks = self.asks(asked);
        self.turn(label, asks.clone(), first).telling(slot).barging_in(barge_in);
        let doubted = self.asks(&["confirm_value"]);
        let either = self.asks(&["ask_either"]);
        for _ in 0..ROUNDS {
            let right = match &value {
                Some(value) => {
                    asked::with_value(hotline, "confirm_value", &hotline.in_short(value))
                }
                None => doubted.clone(),
            };
            let (yes, no) = (self.agree(true), self.agree(false));
            self.turn(&format!("{label} confirmed"), right, yes);
            self.turn(&format!("{label} denied"), doubted.clone(), no);
            let both = format!("{label} again, either");
            self.turn(&both, either.clone(), again.clone()).telling(slot);
            self.turn(&format!("{label} again"), asks.clone(), again.clone()).telling(slot);
        }
        // What is not understood by now is left to the operator, however the bot asks on.
        let doubt = self.asks(&["confirm_value", "ask_either"]);
        for _ in 0..LEFT_ROUNDS {
            self.turn(&format!("{label} given up"), doubt.clone(), Act::keys("2"));
            self.turn(&format!("{label} left out"), asks.clone(), Act::keys("#"));
        }
    }

    fn left_out(&mut self, label: &str, prompts: &[&str]) {
        let asks = self.asks(prompts);
        self.turn(&format!("{label} left out"), asks.clone(), Act::keys("#"));
        self.turn(&format!("{label} left out again"), asks, Act::keys("#"));
    }

    fn knows(&mut self, slot: &str, value: &str) {
        self.doc.expect.slots.insert(slot.into(), value.into());
    }

    fn name(&mut self, slot: &str) {
        if !self.speaks || self.chance(0.04) {
            return self.left_out("name", &NAME_ASKED);
        }
        let name = self.set.people.name(&mut self.rng);
        let first = Act::say(self.sentence(&self.set.manner.name, "name", &name));
        let again = Act::say(format!("{name}."));
        self.knows(slot, &name);
        let value = Some(name);
        self.tell(Told { slot, label: "name", asked: &NAME_ASKED, first, again, value });
    }

    fn address(&mut self, slot: &str) {
        let (asked, label) = (&ADDRESS_ASKED, "address");
        let phrases = &self.set.clips.phrases;
        if !self.speaks && !phrases.is_empty() && self.chance(0.5) {
            // A place that nobody can find: what it should become is not known.
            let first = played(&[&phrases[self.rng.random_range(0..phrases.len())]]);
            let again = Act::keys("#");
            return self.tell(Told { slot, label, asked, first, again, value: None });
        }
        if !self.speaks {
            return self.left_out(label, asked);
        }
        let Some(place) = self.set.people.place(&mut self.rng) else {
            return self.left_out(label, asked);
        };
        let first = Act::say(self.sentence(&self.set.manner.address, "address", &place.spoken));
        let again = Act::say(format!("{}.", capital(&place.spoken)));
        self.knows(slot, &place.value);
        self.home.clone_from(&place.spoken);
        self.tell(Told { slot, label, asked, first, again, value: Some(place.value) });
    }

    fn need(&mut self, slot: &str) {
        let (asked, label) = (&NEED_ASKED, "need");
        let hotline = self.set.hotline;
        let sentences = &self.set.clips.sentences;
        let count = self.set.habits.sentences.max(1);
        let tells = if count > 1 { 1.0 } else { 0.7 };
        if !self.speaks && !sentences.is_empty() && self.chance(tells) {
            let told = (0..count).map(|_| &sentences[self.rng.random_range(0..sentences.len())]);
            let told: Vec<&Clip> = told.collect();
            let words = words_of(&told);
            self.knows(slot, &words);
            let (first, again) = (played(&told), played(&told));
            return self.tell(Told { slot, label, asked, first, again, value: Some(words) });
        }
        if !self.speaks || self.chance(0.12) {
            let key = self.rng.random_range(0..hotline.file.needs.len().clamp(1, 9));
            let category = hotline.file.needs.get(key).map_or("", String::as_str);
            if let Some(need) = hotline.grammar.words.needs.get(category) {
                self.knows(slot, &need.label);
            }
            let (first, again) = (Act::keys((key + 1).to_string()), Act::keys("#"));
            return self.tell(Told { slot, label, asked, first, again, value: None });
        }
        self.spoken_need(slot);
    }

    fn spoken_need(&mut self, slot: &str) {
        let urgent = self.chance(0.06);
        let fits = |need: &&Need| match urgent {
            true => need.category == "EMERGENCY",
            false => self.set.hotline.file.needs.contains(&need.category),
        };
        let fitting: Vec<&Need> = self.set.needs.iter().filter(fits).collect();
        let Some(need) = fitting.get(self.rng.random_range(0..fitting.len().max(1))) else {
            return self.left_out("need", &NEED_ASKED);
        };
        let words = self.sentence(&self.set.manner.need, "need", &need.text);
        self.knows(slot, words.trim_end_matches('.'));
        let (first, again) = (Act::say(words), Act::say(capital(&need.text) + "."));
        if urgent {
            self.doc.expect.priority = "emergency";
            let asks = self.asks(&NEED_ASKED);
            let turn = self.turn("a life at risk", asks, first.clone());
            turn.telling(slot).telling("emergency");
            if self.chance(0.6) {
                let told = self.asks(&["emergency", "emergency_transfer"]);
                self.turn("hangs up to dial", told, Act::default());
            }
        }
        let label = self.set.hotline.grammar.words.needs.get(&need.category);
        let value = label.map(|need| need.label.clone());
        self.tell(Told { slot, label: "need", asked: &NEED_ASKED, first, again, value });
    }

    fn phone(&mut self, slot: &str, own: &str) {
        let hotline = self.set.hotline;
        let offered = self.asks(&["confirm_caller_id"]);
        let keeps = !self.doc.from.is_empty() && self.chance(0.7);
        let number = if keeps { own.to_owned() } else { self.set.people.number(&mut self.rng) };
        self.knows(slot, &number);
        let [country, trunk] = &self.set.manner.trunk;
        let dialled = match number.strip_prefix(country.as_str()) {
            Some(rest) => format!("{trunk}{rest}"),
            None => number,
        };
        for _ in 0..ROUNDS {
            let act = self.agree(keeps);
            let turn = self.turn("number offered", offered.clone(), act);
            turn.tells.extend(keeps.then(|| slot.into()));
        }
        let key = Act::keys(if keeps { "1" } else { "2" });
        let turn = self.turn("number offered, by key", offered, key);
        turn.tells.extend(keeps.then(|| slot.into()));
        let asks = self.asks(&PHONE_ASKED);
        let keys = Act::keys(format!("{dialled}#"));
        let first = match self.speaks && self.chance(0.4) {
            true => {
                let digits = self.digits(&dialled);
                Act::say(self.sentence(&self.set.manner.phone, "digits", &digits))
            }
            false => keys.clone(),
        };
        self.turn("number", asks.clone(), first).telling(slot);
        let doubted = self.asks(&["confirm_phone"]);
        for _ in 0..ROUNDS {
            let yes = self.agree(true);
            let right = asked::with_digits(hotline, "confirm_phone", &dialled);
            self.turn("number confirmed", right, yes);
            self.turn("number by keys", doubted.clone(), keys.clone()).telling(slot);
            self.turn("number again", asks.clone(), keys.clone()).telling(slot);
        }
    }

    /// The digits as they are said, in groups of three.
    fn digits(&self, number: &str) -> String {
        let values = number.chars().filter_map(|c| c.to_digit(10));
        let words: Vec<&str> =
            values.map(|d| self.set.manner.digits[d as usize].as_str()).collect();
        words.chunks(3).map(|group| group.join(" ")).collect::<Vec<_>>().join(", ")
    }

    /// Agrees to what is right, puts right what is not; now and then changes their mind.
    fn read_back(&mut self, slots: &[(String, SlotKind)]) {
        let hotline = self.set.hotline;
        let known = |kind: SlotKind| {
            let slot = &slots.iter().find(|(_, k)| *k == kind)?.0;
            self.doc.expect.slots.get(slot).map(|value| (slot.clone(), value.clone()))
        };
        let (name, address) = (known(SlotKind::Name), known(SlotKind::Address));
        let asks = self.asks(&["ask_right", "ask_right_again"]);
        if let Some((slot, _)) = name.clone().filter(|_| self.chance(0.1)) {
            // The name was another's; the ticket is to bear this one, if it comes to that.
            let told = self.doc.turns.iter_mut().filter(|t| t.tells.contains(&slot));
            told.for_each(|turn| turn.tells.clear());
            let name = self.set.people.name(&mut self.rng);
            let words = self.sentence(&self.set.manner.name_corrected, "name", &name);
            self.turn("another name", asks.clone(), Act::say(words)).telling(&slot);
            self.knows(&slot, &name);
        } else if !self.speaks && self.chance(0.1) {
            let no = self.agree(false);
            self.turn("denied", asks.clone(), no);
            let which = self.asks(&["ask_which"]);
            self.turn("nothing after all", which, Act::keys("#"));
        } else if self.speaks {
            self.put_right(name, address);
        }
        let (yes, barge_in) = (self.agree(true), self.barge_in());
        self.turn("all right", asked::read_back(hotline, &[]), yes).barging_in(barge_in);
        let which = self.asks(&["ask_which"]);
        self.turn("nothing is wrong", which, Act::keys("#"));
        self.turn("all right, by key", asks, Act::keys("1"));
    }

    fn put_right(&mut self, name: Option<(String, String)>, address: Option<(String, String)>) {
        let hotline = self.set.hotline;
        let asks = self.asks(&["ask_right"]);
        let values: Vec<&str> =
            [&name, &address].into_iter().flatten().map(|(_, v)| &**v).collect();
        let yes = self.agree(true);
        self.turn("all right", asked::read_back(hotline, &values), yes);
        if let (Some((_, name)), Some(_)) = (&name, &address) {
            let home = self.home.clone();
            let words = self.sentence(&self.set.manner.address_corrected, "address", &home);
            self.turn("address put right", asked::read_back(hotline, &[name]), Act::say(words));
        }
        if let Some((_, name)) = &name {
            let words = self.sentence(&self.set.manner.name_corrected, "name", name);
            let yes = self.agree(true);
            self.turn("all right now", asked::read_back(hotline, &[name]), yes);
            self.turn("name put right", asks, Act::say(words));
        }
    }

    fn hang_up_over(&mut self, kind: &SlotKind) {
        let asked = match kind {
            SlotKind::Name => self.asks(&NAME_ASKED),
            SlotKind::Address => self.asks(&ADDRESS_ASKED),
            SlotKind::Need => self.asks(&NEED_ASKED),
            SlotKind::Phone => self.asks(&["confirm_caller_id", "ask_phone", "ask_phone_again"]),
        };
        let at_ms = self.rng.random_range(300..2_000);
        self.turn("hangs up half way", asked, Act::default()).barging_in(Some(at_ms));
        self.over = true;
    }

    fn end(&mut self) {
        let asks = self.asks(&["ask_rating"]);
        if self.chance(0.75) {
            let rating = self.rng.random_range(1..=5).to_string();
            self.turn("rating", asks, Act::keys(rating));
        }
        let last = Turn { label: "hangs up".into(), ..Turn::default() };
        self.doc.turns.push(last);
    }
}

/// One clip after the other.
fn played(clips: &[&Clip]) -> Act {
    let play = clips.iter().map(|clip| clip.file.clone()).collect();
    Act::Play { play, words: words_of(clips) }
}

fn words_of(clips: &[&Clip]) -> String {
    clips.iter().map(|clip| clip.words.as_str()).collect::<Vec<_>>().join(" ")
}

/// `text` with a capital at its beginning, as voices expect it.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}
