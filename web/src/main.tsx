// The console: starts words, theme and keys, asks who is logged in, and shows the page.
import "./style/tokens.css";
import "./style/base.css";
import "./ui/ui.css";
import { render } from "preact";
import { LocationProvider, Route, Router } from "preact-iso";
import { useEffect, useState } from "preact/hooks";
import { may, loadSession, session } from "./api/client";
import { follow, unfollow } from "./api/events";
import { loadHotlines } from "./api/hotlines";
import { asApiError, type ApiError } from "./api/problem";
import { startPresence } from "./presence/presence";
import { Queue } from "./queue/queue";
import { LogIn } from "./session/log_in";
import { startCommands } from "./shell/commands";
import { later } from "./shell/later";
import { Missing } from "./shell/missing";
import { Shell } from "./shell/shell";
import { startTheme } from "./shell/theme";
import { Failed } from "./ui/state";
import { toastError, Toasts } from "./ui/toast";
import { chooseLanguage, startWords } from "./words/words";

const SetUp = later(() => import("./session/set_up"));
const Invitation = later(() => import("./session/invitation"));
const Account = later(() => import("./session/account"));
const Ticket = later(() => import("./ticket/ticket"));
const Statistics = later(() => import("./statistics/statistics"));
const Board = later(() => import("./board/board"));
const Try = later(() => import("./try/try"));
const Quality = later(() => import("./quality/quality"));
const ReviewedCall = later(() => import("./quality/call"));
const People = later(() => import("./people/people"));
const Person = later(() => import("./people/person"));
const Hotlines = later(() => import("./system/hotlines"));
const HotlinePage = later(() => import("./system/hotline"));
const Packs = later(() => import("./system/packs"));
const Retention = later(() => import("./system/retention"));
const Webhooks = later(() => import("./system/webhooks"));
const Audit = later(() => import("./system/audit"));

function Pages() {
  const name = session.value?.user.name;
  useEffect(() => {
    if (!name) return;
    void chooseLanguage(session.value?.user.profile.languages ?? []);
    if (session.value?.must_enrol) return;
    loadHotlines().catch(toastError);
    if (may("tickets:read")) follow();
    const leave = startPresence();
    return () => {
      leave();
      unfollow();
    };
  }, [name, session.value?.must_enrol]);

  if (session.value === undefined) return null;
  if (session.value === null) {
    return (
      <Router>
        <Route path="/set-up" component={SetUp} />
        <Route path="/invitation" component={Invitation} />
        <Route default component={LogIn} />
      </Router>
    );
  }
  return (
    <Shell>
      {session.value.must_enrol ? (
        <Account />
      ) : (
        <Router>
          <Route path="/" component={Queue} />
          <Route path="/tickets/:number" component={Ticket} />
          <Route path="/board" component={Board} />
          <Route path="/try" component={Try} />
          <Route path="/statistics" component={Statistics} />
          <Route path="/quality" component={Quality} />
          <Route path="/quality/:number" component={ReviewedCall} />
          <Route path="/people" component={People} />
          <Route path="/people/:name" component={Person} />
          <Route path="/system" component={Hotlines} />
          <Route path="/system/hotlines/:name" component={HotlinePage} />
          <Route path="/system/packs" component={Packs} />
          <Route path="/system/retention" component={Retention} />
          <Route path="/system/webhooks" component={Webhooks} />
          <Route path="/system/audit" component={Audit} />
          <Route path="/account" component={Account} />
          <Route path="/invitation" component={Invitation} />
          <Route default component={Missing} />
        </Router>
      )}
    </Shell>
  );
}

function App() {
  const [error, setError] = useState<ApiError>();
  const start = (): void => {
    setError(undefined);
    loadSession().catch((thrown: unknown) => setError(asApiError(thrown)));
  };
  useEffect(start, []);
  return (
    <LocationProvider scope={/^\/(?!api\/|status)/}>
      {error ? (
        <main>
          <h1 class="unseen">Spillway</h1>
          <Failed error={error} again={start} />
        </main>
      ) : (
        <Pages />
      )}
      <Toasts />
    </LocationProvider>
  );
}

startTheme();
startCommands();
await startWords();
const place = document.getElementById("app");
if (place) render(<App />, place);
