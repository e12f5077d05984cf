// What a page reads from the server: loading, there, or failed; read again on demand.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { asApiError, type ApiError } from "./problem";

export interface Resource<T> {
  data: T | undefined;
  error: ApiError | undefined;
  loading: boolean;
  reload: () => void;
  /** Puts in what an act answered. */
  set: (data: T) => void;
}

/** `key` names what is read: another key reads anew, and forgets what was there. */
export function useResource<T>(key: string, load: () => Promise<T>): Resource<T> {
  const [state, setState] = useState<{ key: string; data?: T; error?: ApiError }>({ key });
  const [round, setRound] = useState(0);
  const [loading, setLoading] = useState(true);
  const loader = useRef(load);
  loader.current = load;

  useEffect(() => {
    let current = true;
    setLoading(true);
    loader
      .current()
      .then((data) => current && setState({ key, data }))
      .catch((thrown: unknown) => {
        const error = asApiError(thrown);
        if (current) setState((old) => (old.key === key ? { ...old, error } : { key, error }));
      })
      .finally(() => current && setLoading(false));
    return () => {
      current = false;
    };
  }, [key, round]);

  const reload = useCallback(() => setRound((n) => n + 1), []);
  const set = useCallback((data: T) => setState({ key, data }), [key]);
  const mine = state.key === key;
  return {
    data: mine ? state.data : undefined,
    error: mine ? state.error : undefined,
    loading,
    reload,
    set,
  };
}
