// The typed client: CSRF token, idempotency keys, one more try on a bad line, typed errors.
import createClient, { type Middleware } from "openapi-fetch";
import { signal } from "@preact/signals";
import { apiError, offline } from "./problem";
import type { Permission, SessionView, paths } from "./schema";

/** Who is logged in; `undefined` until the server has said so. */
export const session = signal<SessionView | null | undefined>(undefined);

export const may = (permission: Permission): boolean =>
  session.value?.permissions.includes(permission) ?? false;

export const userName = (): string => session.value?.user.name ?? "";

const RETRY_AFTER_MS = 700;

/** `crypto.randomUUID` is missing on plain HTTP. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const changes: Middleware = {
  onRequest({ request }) {
    if (request.method === "GET") return;
    const token = session.value?.csrf_token;
    if (token) request.headers.set("X-CSRF-Token", token);
    if (request.method === "POST") request.headers.set("Idempotency-Key", randomKey());
  },
};

/** A request that never reached the server is sent once more: it is the same by its key. */
async function send(request: Request): Promise<Response> {
  const again = request.clone();
  try {
    return await fetch(request);
  } catch {
    const safe = request.method === "GET" || request.headers.has("Idempotency-Key");
    if (!safe || request.signal.aborted) throw offline();
  }
  await new Promise((done) => setTimeout(done, RETRY_AFTER_MS));
  try {
    return await fetch(again);
  } catch {
    throw offline();
  }
}

export const api = createClient<paths>({ baseUrl: "", fetch: send });
api.use(changes);

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The answer's data, or a thrown ApiError. Who is logged out meanwhile sees the log-in page. */
export async function ok<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer;
  if (response.ok) return data as T;
  const problem = apiError(error, response);
  if (problem.kind === "not-logged-in") session.value = null;
  throw problem;
}

export async function loadSession(): Promise<void> {
  const { data, error, response } = await api.GET("/api/v1/session");
  if (data) session.value = data;
  else if (response.status === 401) session.value = null;
  else throw apiError(error, response);
}

export async function logOut(): Promise<void> {
  await ok(api.DELETE("/api/v1/session"));
  session.value = null;
}
