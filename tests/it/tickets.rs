//! `spillway tickets`, as typed.

use crate::arbitrary;
use spillway::call::HangupCause;
use spillway::speech::SpeechSegment;
use spillway::store::{CallEnd, Stamps, StatisticsQuery, StoreOptions, TicketStore, call_dir};
use spillway::ticket::{CallId, Consent, Priority, SlotRecord, SlotStatus, Ticket, TicketStatus};
use spillway::time::MediaTime;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder with a configuration in it, and the program run there.
pub struct Place(tempfile::TempDir);

impl Place {
    pub fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("spillway.toml"), "data_dir = \"var\"\n").unwrap();
        Place(dir)
    }

    pub fn data_dir(&self) -> PathBuf {
        self.0.path().join("var")
    }

    fn run(&self, args: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_spillway"))
            .args(args.split(' '))
            .current_dir(self.0.path())
            .env("TZ", "Asia/Ho_Chi_Minh")
            .output()
            .unwrap()
    }

    /// Runs it with success and gives what it printed.
    #[track_caller]
    pub fn print(&self, args: &str) -> String {
        let output = self.run(args);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{args}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    pub fn fails(&self, args: &str, want: &str) {
        let output = self.run(args);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(want), "{args}: {error}");
    }
}

fn slot(name: &str, value: &str, heard: &str, confidence: f32) -> SlotRecord {
    SlotRecord {
        slot: name.into(),
        status: SlotStatus::Confirmed,
        value: value.into(),
        parts: vec![],
        heard: heard.into(),
        confidence,
        audio: vec![SpeechSegment {
            start: MediaTime::from_ms(4_200),
            end: MediaTime::from_ms(66_960),
        }],
    }
}

fn tickets() -> [Ticket; 3] {
    let address = SlotRecord {
        parts: vec![("house".into(), "12".into()), ("street".into(), "Lê Lợi".into())],
        ..slot("address", "12 Lê Lợi", "số mười hai lê lợi", 0.71)
    };
    let whole = Ticket {
        call_id: CallId("call-1".into()),
        revision: 9,
        hotline: "demo".into(),
        language: "vi".into(),
        caller_id: "+84901234567".into(),
        callback_number: "+84907654321".into(),
        consent: Consent::Given,
        priority: Priority::High,
        status: TicketStatus::Open,
        slots: vec![slot("name", "Nguyễn Thị Hoa", "nguyễn thị hoa", 0.92), address],
        complete: true,
        to_be_transcribed: false,
        message: vec![],
        rating: Some(4),
        inquiry: None,
        facts: vec![("diversion".into(), "\u{1b}[31mred\r\n".into())],
    };
    let empty =
        SlotRecord { status: SlotStatus::Empty, audio: vec![], ..slot("name", "", "", 0.0) };
    let running = Ticket {
        call_id: CallId("call-2".into()),
        status: TicketStatus::Taking,
        slots: vec![empty],
        complete: false,
        callback_number: String::new(),
        rating: None,
        inquiry: None,
        facts: vec![],
        ..whole.clone()
    };
    let korean = Ticket {
        call_id: CallId("call-3".into()),
        consent: Consent::Declined,
        priority: Priority::Emergency,
        to_be_transcribed: true,
        slots: vec![
            slot("name", "김철수", "김철수", 0.5),
            slot("need", &"쌀 ".repeat(40), "", 0.4),
        ],
        ..running.clone()
    };
    [whole, running, korean]
}

async fn fill(data_dir: &Path) {
    let store = TicketStore::open(&StoreOptions::new(data_dir)).await.unwrap();
    for (n, ticket) in (0_i64..).zip(tickets()) {
        let created_unix_ms = arbitrary::caller_facts("-").answered_unix_ms + n * 3_600_000;
        let stamps = Stamps { created_unix_ms, updated_unix_ms: created_unix_ms + 63_500 };
        store.save(&ticket, stamps).await.unwrap();
    }
    let end = |cause| CallEnd { cause, duration_ms: 63_500, ended_unix_ms: 1_700_000_063_500 };
    let first = CallId("call-1".into());
    store.finish(&first, end(Some(HangupCause::Finished))).await.unwrap();
    store.finish(&CallId("call-3".into()), end(None)).await.unwrap();
    store.close().await;
    let folder = call_dir(data_dir, &first).unwrap();
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("audio.wav"), "").unwrap();
}

#[tokio::test]
async fn lists() {
    let place = Place::new();
    place.fails("tickets list", "tickets.db: there are no tables yet; run `spillway migrate`");
    TicketStore::open(&StoreOptions::new(&place.data_dir())).await.unwrap().close().await;
    assert!(place.print("tickets list").starts_with("no such tickets in "));
    assert_eq!(place.print("tickets list --json"), "[]\n");
    fill(&place.data_dir()).await;
    insta::assert_snapshot!("list", place.print("tickets list"));
    let open = place.print("tickets list --stage open");
    assert_eq!(open.lines().count(), 2, "{open}");
    place.fails("tickets list --stage lost", "possible values: taking, open, claimed");
}

#[tokio::test]
async fn shows() {
    let place = Place::new();
    fill(&place.data_dir()).await;
    insta::assert_snapshot!(place.print("tickets show 1"), @"
    Ticket 1: open, high priority, complete

      received   2023-11-15 05:13:20
      changed    2023-11-15 05:14:23
      call       1:03.5 long, finished
      call id    call-1
      hotline    demo (vi)
      caller id  +84901234567
      call back  +84907654321
      consent    given
      recording  var/calls/call-1/audio.wav
      rating     4 of 5
      diversion  �[31mred��

      SLOT     STATUS     SURE  VALUE             HEARD               AUDIO
      name     confirmed  92 %  Nguyễn Thị Hoa    nguyễn thị hoa      0:04.2-1:07.0
      address  confirmed  71 %  12 Lê Lợi         số mười hai lê lợi  0:04.2-1:07.0
                                  house: 12
                                  street: Lê Lợi
    ");
    let declined = place.print("tickets show 3");
    assert!(declined.contains("none, as the caller wished"), "{declined}");
    assert!(declined.contains("1:03.5 long, cut off when spillway was stopped"), "{declined}");
    assert!(place.print("tickets show 2").contains("still running"));
    place.fails("tickets show 7", "there is no ticket 7; `spillway tickets list` shows all");
}

#[tokio::test]
async fn prints_json() {
    let place = Place::new();
    fill(&place.data_dir()).await;
    let shown = place.print("tickets show 1 --json");
    insta::assert_snapshot!(shown, @r#"
    {
      "number": 1,
      "created_unix_ms": 1700000000000,
      "updated_unix_ms": 1700000063500,
      "ended_unix_ms": 1700000063500,
      "hangup_cause": "finished",
      "duration_ms": 63500,
      "hold": null,
      "files_gone_unix_ms": null,
      "ticket": {
        "call_id": "call-1",
        "revision": 9,
        "hotline": "demo",
        "language": "vi",
        "caller_id": "+84901234567",
        "callback_number": "+84907654321",
        "consent": "given",
        "priority": "high",
        "status": "open",
        "slots": [
          {
            "slot": "name",
            "status": "confirmed",
            "value": "Nguyễn Thị Hoa",
            "heard": "nguyễn thị hoa",
            "confidence": 0.92,
            "audio": [
              {
                "start": 33600,
                "end": 535680
              }
            ]
          },
          {
            "slot": "address",
            "status": "confirmed",
            "value": "12 Lê Lợi",
            "parts": [
              [
                "house",
                "12"
              ],
              [
                "street",
                "Lê Lợi"
              ]
            ],
            "heard": "số mười hai lê lợi",
            "confidence": 0.71,
            "audio": [
              {
                "start": 33600,
                "end": 535680
              }
            ]
          }
        ],
        "complete": true,
        "to_be_transcribed": false,
        "rating": 4,
        "facts": [
          [
            "diversion",
            "\u001b[31mred\r\n"
          ]
        ]
      },
      "version": 2,
      "callback": {
        "stage": "open",
        "own": {
          "priority": "high",
          "received_at": "2023-11-14T22:13:20Z"
        },
        "escalation": "none"
      },
      "recording": "var/calls/call-1/audio.wav"
    }
    "#);
    let list: Vec<serde_json::Value> =
        serde_json::from_str(&place.print("tickets list --json")).unwrap();
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!((list.len(), &list[2]), (3, &shown));
    assert_eq!(list[0]["recording"], serde_json::Value::Null);
}

#[tokio::test]
async fn goes_to_another_database_and_back() {
    let (from, to) = (Place::new(), Place::new());
    fill(&from.data_dir()).await;
    from.print("tickets export --out all.jsonl");
    let lines = std::fs::read_to_string(from.0.path().join("all.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 3);
    from.fails("tickets export --out all.jsonl", "is it there already?");
    std::fs::write(to.0.path().join("all.jsonl"), &lines).unwrap();
    assert_eq!(to.print("migrate"), "var/tickets.db: new, at version 11\n");
    assert!(to.print("tickets import all.jsonl").contains("3 tickets added, 0 known already"));
    assert!(to.print("tickets import all.jsonl").contains("0 tickets added, 3 known already"));
    assert_eq!(to.print("tickets export"), lines, "to the letter");
    // Numbers go on above those that came.
    let store = TicketStore::open(&StoreOptions::new(&to.data_dir())).await.unwrap();
    let [whole, ..] = tickets();
    let next = Ticket { call_id: CallId("call-9".into()), ..whole };
    let stamps = Stamps { created_unix_ms: 0, updated_unix_ms: 0 };
    assert_eq!(store.save(&next, stamps).await.unwrap().0, 4);
    store.close().await;
    let table = from.print("tickets export --format csv");
    let row = "1,2023-11-14T22:13:20Z,2023-11-16T22:13:20Z,open,high,demo,vi,+84907654321,\
               Nguyễn Thị Hoa,12 Lê Lợi,,,,0,,,call-1";
    assert_eq!(table.lines().nth(1), Some(row));
}

#[test]
fn counts() {
    let place = Place::new();
    place.print("migrate");
    let list = "callback_number,need,priority,received_at\n\
                +84901,FOOD,normal,2026-01-01T23:30:00Z\n\
                +84902,FOOD,emergency,2026-01-02T08:00:00Z\n\
                +84903,,normal,2026-01-03T00:00:00Z\n";
    std::fs::write(place.0.path().join("list.csv"), list).unwrap();
    place.print("tickets import list.csv");
    let period = "statistics --from 2026-01-01 --to 2026-01-03";
    let table = place.print(period);
    assert!(table.starts_with("all hotlines, 2026-01-01 00:00 to 2026-01-03 00:00 UTC"), "{table}");
    assert!(table.contains("\nFOOD   2      -       2 "), "{table}");
    let days = place.print(&format!("{period} --by day --csv"));
    let columns = |line: &str| line.split(',').take(7).map(str::to_string).collect::<Vec<_>>();
    let rows: Vec<_> = days.split("\r\n").map(|line| columns(line).join(" ")).collect();
    let want = ["2026-01-01 1   1 1 0", "2026-01-02 1   1 1 1", "total 2   2 2 1", ""];
    assert_eq!(rows[1..], want, "{days}");
    let json: serde_json::Value =
        serde_json::from_str(&place.print(&format!("{period} --by hour --json"))).unwrap();
    assert_eq!((&json["rows"][0]["key"], &json["total"]["overdue"]), (&"08".into(), &2.into()));
    place.fails("statistics --by moon", "need, branch, office, language, hour, day");
    place.fails("statistics --from 2027-01-01 --to 2026-01-01", "to: is before `from`");
}

#[test]
fn a_paper_list_becomes_tickets_or_nothing_does() {
    let place = Place::new();
    place.print("migrate");
    let write = |text: &str| std::fs::write(place.0.path().join("list.csv"), text).unwrap();
    let check = |text: &str, want: &str| {
        write(text);
        place.fails("tickets import list.csv", want);
        assert_eq!(place.print("tickets list --json"), "[]\n");
    };
    check("name,phone\nMary,5\n", "list.csv: line 2");
    check("callback_number\n+8490\nmany\n", "line 3: callback_number: \"many\" is no number");
    check("callback_number,priority\n+8490,urgent\n", "line 2");
    check("callback_number,received_at\n+8490,2999-01-01T00:00:00Z\n", "is still to come");
    write("callback_number,name,need,priority\n+84901,\"=Mary, HYPERLINK\",FOOD,emergency\n");
    assert!(place.print("tickets import list.csv").contains("1 tickets added"));
    let listed = place.print("tickets list --stage open");
    assert!(listed.contains("EMERGENCY") && listed.contains("+84901"), "{listed}");
    let table = place.print("tickets export --format csv");
    assert!(table.contains("\"'=Mary, HYPERLINK\""), "no formula in a spreadsheet: {table}");
}

#[tokio::test]
async fn the_log_of_changes_is_proved() {
    let place = Place::new();
    fill(&place.data_dir()).await;
    let store = TicketStore::open(&StoreOptions::new(&place.data_dir())).await.unwrap();
    store.seal(jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    store.close().await;
    let told = place.print("audit verify");
    assert!(told.contains("the audit log holds: 5 entries in 1 seals, 0 not yet"), "{told}");
    let head = told.lines().last().and_then(|l| l.strip_prefix("head ")).unwrap().to_string();
    place.print(&format!("audit verify --head {head}"));
    let cut = place.run(&format!("audit verify --head {}", "0".repeat(64)));
    assert_eq!(cut.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&cut.stdout).contains("its end was cut off"));
    let log = place.print("audit list --ticket 1");
    assert!(log.lines().all(|l| l.contains("ticket 1  caller")), "{log}");
}

/// A database that the first version made, with its tickets.
#[tokio::test]
async fn the_first_versions_tickets_are_kept() {
    use sqlx::Connection;
    let place = Place::new();
    std::fs::create_dir_all(place.data_dir()).unwrap();
    let url = format!("sqlite://{}?mode=rwc", place.data_dir().join("tickets.db").display());
    let mut raw = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let all = sqlx::migrate!("src/store/migrations/sqlite");
    all.run_to(1, &mut raw).await.unwrap();
    let sql = "INSERT INTO tickets VALUES (7, 'call-7', 3, 'demo', 'vi', 'open', 'emergency', \
               '+84901', '+84902', 'given', 1, 0, 5, '[]', '[[\"diversion\",\"x\"]]', \
               1700000000000, 1700000063500, 1700000063500, 'finished', 63500)";
    sqlx::query(sql).execute(&mut raw).await.unwrap();
    let slot = "INSERT INTO slots VALUES (7, 0, 'need', 'confirmed', 'hết gạo', 'hết gạo', 0.75, \
                '[[\"category\",\"FOOD\"]]', '[{\"start\":8,\"end\":16}]')";
    sqlx::query(slot).execute(&mut raw).await.unwrap();
    raw.close().await.unwrap();
    place.fails("tickets list", "is of an older version; run `spillway migrate`");
    assert_eq!(place.print("migrate"), "var/tickets.db: from version 1 to 11\n");
    let store = TicketStore::open(&StoreOptions::new(&place.data_dir())).await.unwrap();
    let stored = store.by_call(&CallId("call-7".into())).await.unwrap().unwrap();
    assert_eq!((stored.number.0, stored.ticket.revision, stored.ticket.rating), (7, 3, Some(5)));
    assert_eq!(stored.ticket.slots[0].parts, [("category".to_string(), "FOOD".to_string())]);
    assert_eq!(stored.ticket.slots[0].audio[0].end.0, 16);
    assert_eq!(stored.ticket.facts, [("diversion".to_string(), "x".to_string())]);
    assert_eq!(stored.callback.priority(), Priority::Emergency);
    assert_eq!(stored.callback.received_at().as_millisecond(), 1_700_000_000_000);
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let from = Some("2023-01-01".parse().unwrap());
    let query = StatisticsQuery { from, ..StatisticsQuery::default() };
    let total = store.statistics(&query, now).await.unwrap().total;
    assert_eq!((total.bot, total.partial, total.bot_ratings), (1, 0, 1));
    assert_eq!(store.sweep(now).await.unwrap().acts, 2, "at risk, then overdue");
}
