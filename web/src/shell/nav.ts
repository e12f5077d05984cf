// The rooms of the console, and who may enter them.
import { may } from "../api/client";
import type { Permission } from "../api/schema";
import type { IconName } from "../ui/icon";

interface Room {
  name: "queue" | "board" | "try" | "statistics" | "quality" | "people" | "system";
  path: string;
  icon: IconName;
  /** One of these opens it. */
  needs: readonly Permission[];
}

const ROOMS: readonly Room[] = [
  { name: "queue", path: "/", icon: "queue", needs: ["tickets:read"] },
  { name: "board", path: "/board", icon: "phone", needs: ["calls:watch"] },
  { name: "try", path: "/try", icon: "ear", needs: ["calls:watch"] },
  { name: "statistics", path: "/statistics", icon: "chart", needs: ["statistics:read"] },
  { name: "quality", path: "/quality", icon: "quality", needs: ["calls:review"] },
  { name: "people", path: "/people", icon: "people", needs: ["users:manage"] },
  { name: "system", path: "/system", icon: "system", needs: ["system:read", "audit:read"] },
];

export const openRooms = (): Room[] => ROOMS.filter((room) => room.needs.some(may));

export function isIn(room: Room, path: string): boolean {
  if (room.path === "/") return path === "/" || path.startsWith("/tickets");
  return path.startsWith(room.path);
}
