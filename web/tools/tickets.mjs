// Writes realistic tickets for `spillway tickets import`, the same ones for the same seed:
//     node tools/tickets.mjs 300 > tickets.csv
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string", default: "1" },
    now: { type: "string", default: new Date().toISOString() },
    help: { type: "boolean", default: false },
  },
});
if (values.help || positionals.length !== 1) {
  console.error("node tools/tickets.mjs COUNT [--seed N] [--now TIME] > tickets.csv");
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
const DRAWN = Object.entries(LANGUAGES).flatMap(([code, { share }]) => Array(share).fill(code));
const HOUR = 3_600_000;

const quoted = (text) => `"${String(text).replaceAll('"', '""')}"`;

function ticket(now) {
  const code = one(DRAWN);
  const language = LANGUAGES[code];
  // Most came in today; some wait for longer than was promised.
  const age = chance() < 0.12 ? 40 + chance() * 12 : chance() ** 2 * 40;
  const urgency = chance();
  const fields = {
    callback_number: language.phone(),
    name: chance() < 0.06 ? "" : language.name(one(language.first), one(language.last)),
    address: chance() < 0.1 ? "" : language.address(1 + below(240), one(language.street), one(language.place)),
    need: one(language.needs),
    hotline: `demo-${code}`,
    language: code,
    priority: urgency < 0.03 ? "emergency" : urgency < 0.15 ? "high" : "normal",
    received_at: new Date(now - age * HOUR).toISOString(),
    note: chance() < 0.1 ? "Asked to be called after five." : "",
  };
  return Object.values(fields).map(quoted).join(",");
}

const now = Date.parse(values.now);
const head = "callback_number,name,address,need,hotline,language,priority,received_at,note";
const rows = Array.from({ length: Number(positionals[0]) }, () => ticket(now));
console.log([head, ...rows].join("\n"));
