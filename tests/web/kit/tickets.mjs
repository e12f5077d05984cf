// Writes realistic tickets for `spillway tickets import`, the same ones for the same seed:
//     node tests/web/kit/tickets.mjs 300 > tickets.jsonl
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string", default: "1" },
    now: { type: "string", default: new Date().toISOString() },
    first: { type: "string", default: "1" },
    help: { type: "boolean", default: false },
  },
});
if (values.help || positionals.length !== 1) {
  console.error(
    "node tests/web/kit/tickets.mjs COUNT [--seed N] [--now TIME] [--first NUMBER] > tickets.jsonl",
  );
  process.exit(2);
}

/** mulberry32: small, seeded, good enough to draw names. */
let state = Number(values.seed);
function chance() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const below = (n) => Math.floor(chance() * n);
const one = (list) => list[below(list.length)];

const LANGUAGES = {
  vi: {
    share: 4,
    phone: () => `+849${String(below(1e8)).padStart(8, "0")}`,
    first: ["Thị Lan", "Văn Hùng", "Minh Tuấn", "Thùy Linh", "Quốc Bảo", "Ngọc Ánh", "Đức Thịnh"],
    last: ["Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Võ", "Đặng", "Bùi"],
    name: (first, last) => `${last} ${first}`,
    street: ["Lê Lợi", "Nguyễn Huệ", "Hai Bà Trưng", "Điện Biên Phủ", "Cách Mạng Tháng Tám"],
    place: ["phường Bến Nghé, Quận 1", "phường 5, Quận Gò Vấp", "phường An Phú, Thủ Đức"],
    address: (n, street, place) => `${n} ${street}, ${place}`,
    needs: [
      "nhà tôi hết gạo rồi, ba đứa nhỏ chưa ăn gì",
      "xin hỏi khi nào được nhận tiền hỗ trợ",
      "mẹ tôi sốt cao ba ngày, cần bác sĩ tư vấn",
      "cho hỏi quy định đi lại giữa các quận",
      "cần mua thuốc tiểu đường cho ba tôi",
      "khu trọ bị phong tỏa, thiếu sữa cho em bé",
    ],
  },
  cs: {
    share: 2,
    phone: () => `+4206${String(below(1e8)).padStart(8, "0")}`,
    first: ["Jana", "Petr", "Lucie", "Tomáš", "Věra", "Jiří", "Markéta"],
    last: ["Dvořák", "Svoboda", "Černý", "Procházka", "Kučera", "Veselý"],
    name: (first, last) => `${first} ${last}`,
    street: ["Husova", "Palackého", "Jiráskova", "Nádražní", "Na Příkopě"],
    place: ["Praha 3", "Brno-střed", "Ostrava-Poruba", "Plzeň"],
    address: (n, street, place) => `${street} ${n}, ${place}`,
    needs: [
      "máme vytopený sklep a nejde nám elektřina",
      "potřebuji vědět, kde je otevřená lékárna",
      "kdy přijde příspěvek na bydlení",
      "maminka nemůže ven a nemá co jíst",
    ],
  },
  uk: {
    share: 2,
    phone: () => `+38067${String(below(1e7)).padStart(7, "0")}`,
    first: ["Олена", "Андрій", "Наталія", "Сергій", "Ірина", "Богдан"],
    last: ["Шевченко", "Коваленко", "Бондар", "Ткаченко", "Мельник"],
    name: (first, last) => `${first} ${last}`,
    street: ["Хрещатик", "вулиця Шевченка", "вулиця Франка", "проспект Науки"],
    place: ["Київ", "Львів", "Харків, Салтівський район", "Одеса"],
    address: (n, street, place) => `${street}, ${n}, ${place}`,
    needs: [
      "потрібні ліки для серця, аптека зачинена",
      "немає води і тепла другий день",
      "як оформити допомогу переселенцям",
      "де найближчий пункт незламності",
    ],
  },
  en: {
    share: 2,
    phone: () => `+1202555${String(below(1e4)).padStart(4, "0")}`,
    first: ["Mary", "James", "Aisha", "Robert", "Grace", "Daniel"],
    last: ["Johnson", "Miller", "Okafor", "Garcia", "Lee", "O’Brien"],
    name: (first, last) => `${first} ${last}`,
    street: ["Church Street", "Oak Avenue", "Mill Road", "Station Road"],
    place: ["Ward 5", "Riverside", "Old Town"],
    address: (n, street, place) => `${n} ${street}, ${place}`,
    needs: [
      "I have no food left in the house and cannot go out",
      "the heating in our building does not work",
      "when will the allowance be paid",
      "I need a doctor to look at my mother, she is dizzy",
    ],
  },
};
const NEEDS = ["FOOD", "MEDICAL", "ALLOWANCE", "RULES", "OTHER"];
const DISPOSITIONS = ["helped", "informed", "passed_on", "no_need"];
const OPERATORS = ["anna", "oleh", "linh"];
const DRAWN = Object.entries(LANGUAGES).flatMap(([code, { share }]) => Array(share).fill(code));
const HOUR = 3_600_000;
/** Samples of a recording in a second. */
const RATE = 8_000;

function slot(name, value, from, parts) {
  const sure = value ? 0.35 + 0.65 * chance() ** 0.4 : 0;
  const status = !value ? "operator_to_complete" : sure > 0.6 ? "confirmed" : "heard";
  const audio = [{ start: from * RATE, end: Math.round((from + 2 + chance() * 4) * RATE) }];
  const heard = value.toLowerCase().replaceAll(",", "");
  return { slot: name, status, value, heard, confidence: Number(sure.toFixed(3)), audio, ...parts };
}

function stageOf(age, now, received) {
  const by = one(OPERATORS);
  const drawn = chance();
  const later = (hours) => new Date(now + hours * HOUR).toISOString();
  if (drawn < 0.66) return { stage: "open" };
  if (drawn < 0.72) return { stage: { claimed: { by, until: later(0.3 + chance()) } } };
  if (drawn < 0.77) return { stage: { scheduled: { at: later(0.5 + chance() * 20) } } };
  if (drawn < 0.8) return { stage: { referred: { office: "Ward 5 social office" } } };
  const closed_at = new Date(received + age * HOUR * chance()).toISOString();
  const ended = { closed_at, reached_at: closed_at };
  if (drawn < 0.96) return { stage: { done: { disposition: one(DISPOSITIONS) } }, ...ended };
  return { stage: drawn < 0.98 ? "unreached" : "cancelled", closed_at };
}

function callback(age, now, received, priority) {
  const standing = stageOf(age, now, received);
  const attempts = Array.from({ length: chance() < 0.2 ? 1 + below(2) : 0 }, (_, at) => {
    return { at: new Date(received + (at + 1) * 0.3 * HOUR).toISOString(), by: one(OPERATORS) };
  });
  const note = { at: new Date(received).toISOString(), by: { operator: one(OPERATORS) } };
  return {
    ...standing,
    own: { priority, received_at: new Date(received).toISOString() },
    escalation: age > 48 ? "overdue" : age > 42 ? "at_risk" : "none",
    attempts,
    notes: chance() < 0.1 ? [{ ...note, text: "Asked to be called after five." }] : [],
  };
}

function ticket(number, now) {
  const code = one(DRAWN);
  const language = LANGUAGES[code];
  // Most came in today; some wait for longer than was promised.
  const age = chance() < 0.1 ? 40 + chance() * 12 : chance() ** 2 * 40;
  const received = Math.round(now - age * HOUR);
  const urgency = chance();
  const priority = urgency < 0.02 ? "emergency" : urgency < 0.12 ? "high" : "normal";
  const phone = language.phone();
  const name = chance() < 0.06 ? "" : language.name(one(language.first), one(language.last));
  const place = [one(language.street), one(language.place)];
  const address = chance() < 0.08 ? "" : language.address(1 + below(240), ...place);
  const duration = 60_000 + below(90_000);
  const category = chance() < 0.06 ? {} : { parts: [["category", one(NEEDS)]] };
  const slots = [
    slot("name", name, 20, {}),
    slot("address", address, 28, {}),
    slot("need", one(language.needs), 37, category),
    { slot: "callback_number", status: "confirmed", value: phone, heard: "", confidence: 1 },
  ];
  return {
    number,
    created_unix_ms: received,
    updated_unix_ms: received + duration,
    ended_unix_ms: received + duration,
    hangup_cause: "finished",
    duration_ms: duration,
    hold: null,
    files_gone_unix_ms: null,
    ticket: {
      call_id: `drawn-${values.seed}-${number}`,
      revision: 9,
      hotline: `demo-${code}`,
      language: code,
      caller_id: phone,
      callback_number: phone,
      consent: "given",
      priority,
      status: "open",
      slots,
      complete: chance() < 0.8,
      to_be_transcribed: chance() < 0.05,
      rating: chance() < 0.4 ? 1 + below(5) : null,
    },
    version: 10,
    callback: callback(age, now, received, priority),
  };
}

const now = Date.parse(values.now);
const first = Number(values.first);
for (let at = 0; at < Number(positionals[0]); at += 1) {
  console.log(JSON.stringify(ticket(first + at, now)));
}
