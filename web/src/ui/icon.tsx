// Drawings of 16 by 16, one stroke wide; they never stand alone without a name.
const PATHS = {
  queue: "M2 4h12M2 8h12M2 12h8",
  chart: "M2 14h12M4 11V7M8 11V3M12 11V6",
  people:
    "M6 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM1.5 13.5c.3-2.6 2-4 4.5-4s4.2 1.4 4.5 4M11 3.300a2.4 2.4 0 0 1 0 4.500M12.3 10c1.3.6 2 1.8 2.2 3.5",
  system:
    "M8 10.200a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.400ZM8 1.500v2M8 12.500v2M1.5 8h2M12.5 8h2M3.4 3.400l1.4 1.400M11.2 11.200l1.4 1.400M3.4 12.600l1.4-1.400M11.2 4.800l1.4-1.4",
  account: "M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM2.5 14c.5-3 2.5-4.5 5.5-4.500s5 1.5 5.5 4.5",
  play: "M4.5 2.500v11l9-5.500Z",
  stop: "M4 4h8v8H4Z",
  check: "m3 8.5 3.5 3.500L13 4.5",
  pencil: "M10.5 3 13 5.5 5.5 13H3v-2.500ZM9 4.5 11.5 7",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10ZM10.7 10.7 14 14",
  phone:
    "M5.5 2H3.200C2.5 2 2 2.5 2 3.2 2 9.2 6.8 14 12.8 14c.7 0 1.2-.5 1.2-1.200v-2.300l-3-1-1.5 1.500C7.7 10.2 5.8 8.3 5 6.500L6.5 5Z",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 4.500V8l2.5 1.5",
  back: "M7 3 2 8l5 5M2 8h12",
  close: "m3.5 3.5 9 9M12.5 3.500l-9 9",
  down: "m4 6 4 4 4-4",
  more: "M3 8h.01M8 8h.01M13 8h.01",
  flag: "M3 14V2M3 3h9l-2 3 2 3H3",
  note: "M3 2h10v12H3ZM5.5 5.500h5M5.5 8h5M5.5 10.500H9",
  repeat:
    "M3 7a5 5 0 0 1 9-2.500L13.5 6M13.5 2.500V6H10M13 9a5 5 0 0 1-9 2.500L2.5 10M2.5 13.500V10H6",
  wave: "M2 8h1M5 5v6M8 2.500v11M11 5v6M13.5 8h.5",
  copy: "M5.5 5.500h8v8h-8ZM10.5 5.500v-3h-8v8h3",
  help: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM6.2 6.300C6.3 5.2 7 4.6 8 4.600s1.8.6 1.8 1.600c0 1.3-1.8 1.4-1.8 2.700M8 11.300h.01",
  quality: "M2.5 2h11v8h-11ZM5 6l2 2 4-4M5 14h6",
  save: "M4 2h8v12l-4-3-4 3Z",
  ear: "M3 10V8a5 5 0 0 1 10 0v2M3 10h2v4H4a1 1 0 0 1-1-1ZM13 10h-2v4h1a1 1 0 0 0 1-1Z",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
