import { CopyButton } from "./copy.js";
import { bytes, percent } from "./format.js";
import { Bar, Panel, PhaseMark } from "./panel.js";
import { Picture } from "./picture.js";
import { confirmedShare, phaseOf, type Transfer } from "./state.js";
import { choose, clockMs, knownMs, link, retry, shown, spoken, state } from "./store.js";
import { WORDS } from "./words.js";

export function App() {
  const transfer = shown.value;
  return (
    <>
      <header class="top">
        <h1>
          <Mark /> Lacuna
        </h1>
        <LinkState />
      </header>
      <main class={transfer ? "work" : "work idle"}>
        {transfer ? (
          <>
            <Picture transfer={transfer} />
            <Panel transfer={transfer} />
            <Transfers />
          </>
        ) : (
          <Empty />
        )}
      </main>
      <output class="unseen" aria-live="polite">
        {spoken}
      </output>
    </>
  );
}

function Mark() {
  return (
    <svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
      <path
        class="held"
        d="M2 2h6v6H2zM9 2h6v6H9zM16 2h6v6h-6zM2 9h6v6H2zM16 9h6v6h-6zM2 16h6v6H2zM9 16h6v6H9zM16 16h6v6h-6z"
      />
      <path class="hole" d="M9 12l3-3M9 15l6-6M12 15l3-3" />
    </svg>
  );
}

function LinkState() {
  const now = link.value;
  const waits = now.kind === "lost" || now.kind === "full";
  const seconds = waits ? Math.ceil((now.retryMs - clockMs.value) / 1_000) : 0;
  const sentence = now.kind === "lost" ? WORDS.link.lost(seconds) : WORDS.link[now.kind];
  return (
    <div class={`link ${now.kind}`}>
      <i class="dot" aria-hidden="true" />
      <span>{sentence}</span>
      {(waits || now.kind === "ended") && (
        <button type="button" onClick={retry}>
          {WORDS.link.retry}
        </button>
      )}
    </div>
  );
}

function Transfers() {
  return (
    <nav class="transfers" aria-label={WORDS.transfers}>
      <h2>{WORDS.transfers}</h2>
      <ul>
        {state.value.transfers.toReversed().map((transfer) => (
          <li key={transfer.id}>
            <TransferButton transfer={transfer} />
          </li>
        ))}
      </ul>
      {state.value.errors.map((error) => (
        <p key={error.t} class="error">
          {error.message} <span class="remedy">{error.remedy}</span>
        </p>
      ))}
    </nav>
  );
}

function TransferButton({ transfer }: { transfer: Transfer }) {
  const phase = phaseOf(transfer, knownMs.value);
  const isShown = shown.value?.id === transfer.id;
  return (
    <button
      type="button"
      class="transfer"
      {...(isShown && { "aria-current": "true" as const })}
      onClick={() => choose(transfer.id)}
    >
      <span class="name" title={transfer.name}>
        {transfer.name}
      </span>
      <PhaseMark phase={phase} />
      <span class="facts">
        {bytes(transfer.bytes)}
        {transfer.from !== undefined && ` · ${WORDS.from(transfer.from)}`}
      </span>
      <span class="facts percent">{percent(confirmedShare(transfer))}</span>
      <Bar transfer={transfer} phase={phase} />
    </button>
  );
}

function Empty() {
  const ticket = state.value.listening?.ticket;
  const command = ticket === undefined ? undefined : WORDS.empty.command(ticket);
  return (
    <section class="empty">
      <div class="frame" aria-hidden="true" />
      <h2>{WORDS.empty.title}</h2>
      {command !== undefined && (
        <>
          <p>{WORDS.empty.hint}</p>
          <p class="command">
            <code>{command}</code> <CopyButton text={command} what="" />
          </p>
        </>
      )}
    </section>
  );
}
