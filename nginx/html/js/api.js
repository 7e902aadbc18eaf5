// The calls of the API. An error is an ApiError with the server's code, message and field.

export class ApiError extends Error {
  constructor(status, { code, message, field } = {}) {
    super(message ?? `status ${status}`);
    this.status = status;
    this.code = code ?? "";
    this.field = field ?? null;
  }

  /** The outcome is not known, or nothing was done and it is worth asking again. */
  get isPassing() {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

let token = null;
export function useToken(value) {
  token = value;
}

export async function call(method, path, body) {
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(12000), cache: "no-store",
    });
  } catch {
    throw new ApiError(0, { code: "offline", message: "the exchange cannot be reached" });
  }
  if (response.status === 204) return null;
  let answer = null;
  try {
    answer = await response.json();
  } catch {
    throw new ApiError(response.status, { message: "the answer is not JSON" });
  }
  if (!response.ok) throw new ApiError(response.status, answer.error);
  return answer;
}

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

/** For what may be asked twice: reads, and orders that carry a clientOrderId. */
export async function callPatiently(method, path, body, tries = 4) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call(method, path, body);
    } catch (error) {
      if (!error.isPassing || attempt === tries) throw error;
      await pause(300 * attempt);
    }
  }
}

export const get = (path) => call("GET", path);

/** 32 characters that nobody else has; randomUUID would need https. */
export function freshId() {
  const bytes = crypto.getRandomValues(new Uint8Array(15));
  return `w.${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
