//! At start-up: the calls that were running when the process died.

use super::intake::instant;
use super::{CallEnd, Stamps, StoreError, TicketStore, data_dir, journal_file, recording};
use crate::audio::FRAME_MS;
use crate::call::{Call, Input, Output};
use crate::dialogue::Hotline;
use crate::journal::{Encoder, Ending, Entry, Header, JournalError, Reader};
use crate::seal::Keys;
use crate::ticket::{CallId, Ticket, TicketNumber, TicketStatus};
use crate::time::CallTime;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One call that was cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// Which call.
    pub call_id: CallId,
    /// Its ticket.
    pub number: TicketNumber,
    /// Milliseconds of sound kept; 0 when the caller declined the recording.
    pub sound_ms: u64,
}

/// What was found at start-up.
#[derive(Debug, Default)]
pub struct Report {
    /// The calls brought to an end now.
    pub recovered: Vec<Recovered>,
    /// What could not be brought in order, each with file and fix, for the log.
    pub problems: Vec<String>,
}

/// Brings to an end every call that a killed process left running: mends its recording, saves its
/// last ticket as open, so that somebody calls back, and ends its journal with "interrupted". A
/// call that was killed before its first ticket gets the one `hotline` begins with: who called is
/// known from the first line of the journal, which is older than the answer.
///
/// To be called with the data directory's lock held and before the first call is answered. Doing
/// it again, or being killed in the middle of it, does no harm. One call's damage is reported and
/// does not keep the others from being recovered; an error means the store or the folder of calls
/// itself cannot be used.
pub async fn recover(
    data_dir: &Path,
    store: &TicketStore,
    hotline: &Arc<Hotline>,
    keys: Option<&Keys>,
    now_unix_ms: i64,
) -> Result<Report, StoreError> {
    let mut report = Report::default();
    let calls = data_dir::calls_dir(data_dir);
    data_dir::make_dir(&calls)?;
    let entries = std::fs::read_dir(&calls).map_err(|e| StoreError::io(&calls, &e))?;
    for entry in entries {
        let dir = entry.map_err(|e| StoreError::io(&calls, &e))?.path();
        if !dir.is_dir() || has_ended(&dir) {
            continue;
        }
        let Some(cut_off) = cut_off(&dir, keys, &mut report.problems) else { continue };
        report.recovered.push(cut_off.save(store, hotline, now_unix_ms).await?);
        if let Err(e) = cut_off.end_journal(keys) {
            report.problems.push(e.to_string());
        }
    }
    store.abandon_calls(instant(now_unix_ms)).await?;
    Ok(report)
}

/// True when the journal's last line is its end; looks at the end of the file only.
pub(super) fn has_ended(dir: &Path) -> bool {
    let (journal, is_sealed) = journal_file::find(dir);
    if is_sealed {
        return journal_file::is_finished(&journal);
    }
    let tail = || -> std::io::Result<Vec<u8>> {
        let mut file = std::fs::File::open(journal)?;
        let len = file.metadata()?.len();
        file.seek(SeekFrom::Start(len.saturating_sub(256)))?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail)?;
        Ok(tail)
    };
    let Ok(tail) = tail() else { return false };
    let Some(tail) = tail.strip_suffix(b"\n") else { return false };
    let last = tail.rsplit(|&b| b == b'\n').next().unwrap_or_default();
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct EndLine {
        #[serde(rename = "t")]
        _t: CallTime,
        #[serde(rename = "end")]
        _end: Ending,
    }
    serde_json::from_slice::<EndLine>(last).is_ok()
}

/// What a cut-off call's journal tells.
struct Scan {
    header: Header,
    ticket: Option<Ticket>,
    discarded: bool,
    latest: CallTime,
    whole_bytes: u64,
    ended: bool,
    error: Option<JournalError>,
}

fn scan(journal: &Path, bytes: Vec<u8>) -> Result<Scan, JournalError> {
    let mut reader = Reader::from_bytes(&journal.display().to_string(), bytes)?;
    let (mut ticket, mut discarded, mut error) = (None, false, None);
    for record in &mut reader {
        match record {
            Ok(record) => match record.entry {
                Entry::Out(Output::SaveTicket(saved)) => ticket = Some(*saved),
                Entry::Out(Output::DiscardRecording) => discarded = true,
                Entry::In(Input::Audio(_)) | Entry::In(_) | Entry::Out(_) | Entry::Lost(_) => {}
            },
            Err(e) => error = Some(e),
        }
    }
    Ok(Scan {
        header: reader.header().clone(),
        ticket,
        discarded,
        latest: reader.latest(),
        whole_bytes: reader.whole_bytes(),
        ended: reader.ending().is_some(),
        error,
    })
}

/// One call that was cut off, with its sound in order.
struct CutOff {
    dir: PathBuf,
    scan: Scan,
    /// False when a sealed journal holds more, which cannot be opened.
    all_read: bool,
    sound_ms: u64,
}

/// What there is of the call in `dir`; `None`, with the problem told, where that cannot be known.
fn cut_off(dir: &Path, keys: Option<&Keys>, problems: &mut Vec<String>) -> Option<CutOff> {
    let call = CallId(dir.file_name()?.to_string_lossy().into_owned());
    let read = journal_file::read(dir, keys, &call).map_err(|e| problems.push(e.to_string()));
    let (bytes, damage) = read.ok()?;
    let scan = match scan(&journal_file::find(dir).0, bytes) {
        Ok(scan) => scan,
        Err(JournalError::Empty { .. })
            if damage.is_none() && remove_stillborn(dir, keys, &call) =>
        {
            return None;
        }
        Err(e) => {
            problems.push(damage.map_or_else(|| e.to_string(), |damage| damage.to_string()));
            return None;
        }
    };
    problems.extend(scan.error.iter().map(JournalError::to_string));
    problems.extend(damage.iter().map(|damage| damage.to_string()));
    let sound_ms = mend_recording(dir, keys, &call, scan.discarded, problems).unwrap_or_else(|e| {
        problems.push(e.to_string());
        0
    });
    Some(CutOff { dir: dir.into(), scan, all_read: damage.is_none(), sound_ms })
}

impl CutOff {
    fn duration_ms(&self) -> u64 {
        self.scan.latest.0.max(self.sound_ms)
    }

    /// Its newest ticket, from wherever it is, to the store.
    async fn save(
        &self,
        store: &TicketStore,
        hotline: &Arc<Hotline>,
        now_unix_ms: i64,
    ) -> Result<Recovered, StoreError> {
        let header = &self.scan.header;
        let call_id = header.caller.call_id.clone();
        let stored = store.by_call(&call_id).await?.map(|s| s.ticket);
        let newest = self.scan.ticket.clone().into_iter().chain(stored);
        let ticket = newest.max_by_key(|t| t.revision).unwrap_or_else(|| {
            let begun = Call::new(hotline.clone(), header.caller.clone());
            Ticket { hotline: header.hotline.clone(), ..begun.ticket().clone() }
        });
        let answered = header.caller.answered_unix_ms;
        let stamps = Stamps { created_unix_ms: answered, updated_unix_ms: now_unix_ms };
        let number = store.save(&opened(ticket), stamps).await?;
        let duration_ms = self.duration_ms();
        let ended_unix_ms = answered.saturating_add(i64::try_from(duration_ms).unwrap_or(0));
        store.finish(&call_id, CallEnd { cause: None, duration_ms, ended_unix_ms }).await?;
        Ok(Recovered { call_id, number, sound_ms: self.sound_ms })
    }

    /// Cuts off a half-written last line and writes the end, where the journal can be read whole.
    fn end_journal(&self, keys: Option<&Keys>) -> Result<(), StoreError> {
        // What cannot be read is not cut off: somebody may mend it.
        if self.scan.error.is_some() || !self.all_read {
            return Ok(());
        }
        let mut line = Vec::new();
        if !self.scan.ended {
            let at = CallTime(self.duration_ms());
            Encoder::default().end(at, Ending::Interrupted, &mut line);
        }
        let call = &self.scan.header.caller.call_id;
        journal_file::end(&self.dir, keys, call, self.scan.whole_bytes, &line)
    }
}

/// A ticket whose call is over waits for an operator.
fn opened(mut ticket: Ticket) -> Ticket {
    if ticket.status == TicketStatus::Taking {
        ticket.status = TicketStatus::Open;
        ticket.revision = ticket.revision.saturating_add(1);
    }
    ticket
}

/// The process died between making the files and writing the first line: there is nothing to keep.
fn remove_stillborn(dir: &Path, keys: Option<&Keys>, call: &CallId) -> bool {
    let mended = || recording::mend(&data_dir::recording_in(dir)?, keys, call).ok();
    let silent = data_dir::recording_in(dir).is_none() || mended().is_some_and(|m| m.ms == 0);
    silent && std::fs::remove_dir_all(dir).is_ok()
}

fn mend_recording(
    dir: &Path,
    keys: Option<&Keys>,
    call: &CallId,
    discarded: bool,
    problems: &mut Vec<String>,
) -> Result<u64, StoreError> {
    let Some(path) = data_dir::recording_in(dir) else { return Ok(0) };
    if discarded {
        std::fs::remove_file(&path).map_err(|e| StoreError::io(&path, &e))?;
        return Ok(0);
    }
    let mended = recording::mend(&path, keys, call)?;
    debug_assert_eq!(mended.ms % FRAME_MS, 0);
    if !mended.sound {
        let file = path.display();
        problems.push(format!("{file}: the sound after {} ms was damaged and cut off", mended.ms));
    }
    Ok(mended.ms)
}
