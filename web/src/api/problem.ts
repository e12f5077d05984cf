// What can go wrong with a request, as one type that pages show or act on.
import type { Problem } from "./schema";

/** `kind` is the last part of the problem's type: "held", "changed", "denied"; or "offline". */
export class ApiError extends Error {
  readonly kind: string;
  readonly status: number;
  readonly retryAfterS: number | undefined;

  constructor(kind: string, status: number, detail: string, retryAfterS?: number) {
    super(detail);
    this.kind = kind;
    this.status = status;
    this.retryAfterS = retryAfterS;
  }
}

export const offline = (): ApiError => new ApiError("offline", 0, "");

/** The server's problem document, or what an HTTP proxy put in its place. */
export function apiError(body: unknown, response: Response): ApiError {
  if (isProblem(body)) {
    const kind = body.type.split(/[/:#]/).pop() ?? body.type;
    return new ApiError(kind, body.status, body.detail, body.retry_after_s ?? undefined);
  }
  // A gateway answers for a server that is away.
  const gone = response.status >= 502 && response.status <= 504;
  return gone ? offline() : new ApiError("failed", response.status, response.statusText);
}

/** Any thrown thing as an ApiError; bugs stay what they are. */
export function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  throw thrown;
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "type" in body && "detail" in body;
}
