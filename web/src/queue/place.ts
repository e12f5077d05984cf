// Where the queue was left, filters and all: who looks at a ticket comes back to it.
import { signal } from "@preact/signals";

export const queuePath = signal("/");
