import { CopyButton } from "./copy.js";
import {
  bytes,
  count,
  duration,
  milliseconds,
  percent,
  rate,
  shortDigest,
  timeLeft,
} from "./format.js";
import {
  confirmedShare,
  missingOf,
  type Phase,
  phaseOf,
  pixelCounts,
  quietMs,
  type Transfer,
  unitsOf,
} from "./state.js";
import { knownMs } from "./store.js";
import { WORDS } from "./words.js";

/** What is known of one transfer, the most important first. */
export function Panel({ transfer }: { transfer: Transfer }) {
  const phase = phaseOf(transfer, knownMs.value);
  return (
    <section class="panel" aria-label={transfer.name}>
      <h2 title={transfer.name}>{transfer.name}</h2>
      <p class="facts">{factsOf(transfer).join(" · ")}</p>
      {transfer.from !== undefined && <p class="facts">{WORDS.from(transfer.from)}</p>}
      <Confirmed transfer={transfer} phase={phase} />
      <Ending transfer={transfer} />
      <Numbers transfer={transfer} phase={phase} />
    </section>
  );
}

export function Bar({ transfer, phase }: { transfer: Transfer; phase: Phase }) {
  const share = confirmedShare(transfer);
  return (
    <div
      class={`bar ${phase}`}
      role="progressbar"
      aria-label={`${transfer.name}, ${WORDS.confirmed}`}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.floor(share * 1_000) / 10}
      aria-valuetext={percent(share)}
    >
      <span style={{ width: `${share * 100}%` }} />
    </div>
  );
}

export function PhaseMark({ phase }: { phase: Phase }) {
  return <span class={`phase ${phase}`}>{WORDS.phase[phase]}</span>;
}

function Confirmed({ transfer, phase }: { transfer: Transfer; phase: Phase }) {
  const missing = missingOf(transfer);
  const units = unitsOf(transfer);
  // With a preview, most of what is not exact can be seen all the same: it is not called missing.
  const say = pixelCounts(transfer)?.approximate ? WORDS.notExact : WORDS.missing;
  return (
    <div class="confirmed">
      {phase === "exact" ? (
        <p class="badge exact">
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M4.5 12.5l5 5 10-11" />
          </svg>
          {WORDS.exact.badge}
        </p>
      ) : (
        <p class="share">
          <strong>{percent(confirmedShare(transfer))}</strong> {WORDS.confirmed}
          <PhaseMark phase={phase} />
        </p>
      )}
      <Bar transfer={transfer} phase={phase} />
      <p class="missing">
        {phase === "exact"
          ? WORDS.exact.sentence(units, unitName(transfer))
          : missing === undefined
            ? WORDS.notCounted
            : say(missing, units, unitName(transfer))}
      </p>
      {phase === "waiting" && <p class="aside">{WORDS.quiet(quietSeconds(transfer))}</p>}
      {phase === "unknown" && <p class="aside">{WORDS.unknown}</p>}
      {phase === "checking" && <p class="aside">{WORDS.checking}</p>}
      {transfer.resumedPieces > 0 && phase !== "exact" && (
        <p class="aside">{WORDS.resumed(transfer.resumedPieces)}</p>
      )}
    </div>
  );
}

function Ending({ transfer: { end } }: { transfer: Transfer }) {
  switch (end?.event) {
    case undefined:
      return null;
    case "complete":
      return (
        <div class="ending exact">
          <p class="digest">
            {WORDS.exact.digest} <code title={end.sha256}>{shortDigest(end.sha256)}</code>
            <CopyButton text={end.sha256} what={WORDS.exact.digest} />
          </p>
          <p class="path">
            {WORDS.exact.saved} <Path path={end.path} />
          </p>
        </div>
      );
    case "partial":
      return (
        <div class="ending partial">
          <p class="badge partial">{WORDS.partial.badge}</p>
          <p>{WORDS.partialReason[end.reason]}</p>
          <p class="path">
            {WORDS.partial.report} <Path path={end.report} />
          </p>
        </div>
      );
    case "error":
      return (
        <div class="ending failed">
          <p class="badge failed">{WORDS.failed.badge}</p>
          <p>{end.message}</p>
          <p>{end.remedy}</p>
          <p class="path">
            <code>{end.code}</code>
          </p>
        </div>
      );
  }
}

function Numbers({ transfer, phase }: { transfer: Transfer; phase: Phase }) {
  const { progress, end } = transfer;
  const { numbers } = WORDS;
  const unless = (value: number | undefined, format: (value: number) => string): string =>
    value === undefined ? numbers.unknown : format(value);
  // What holds only while pieces flow is not left standing afterwards.
  const lively = phase === "arriving";
  const rows: [string, string][] = [
    [numbers.rate, unless(lively ? progress?.rateMbit : undefined, rate)],
    [numbers.rtt, unless(progress?.rttMs, milliseconds)],
    end?.event === "complete"
      ? [numbers.lossAll, percent(end.receipt.lossShare)]
      : [numbers.loss, unless(progress?.lossShare, percent)],
    end?.event === "complete"
      ? [numbers.took, duration(end.seconds)]
      : [numbers.left, unless(lively ? progress?.secondsLeft : undefined, timeLeft)],
    [numbers.repaired, unless(progress?.repaired, count)],
    [numbers.recovered, unless(progress?.recovered, count)],
    [numbers.duplicates, unless(progress?.duplicates, count)],
    [numbers.malformed, unless(progress?.malformed, count)],
  ];
  return (
    <dl class="numbers" aria-label={numbers.title}>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Broken after its slashes, where it has to be. */
function Path({ path }: { path: string }) {
  return (
    <code>
      {path.split(/(?<=[/\\])/).flatMap((part, i) => (i === 0 ? [part] : [<wbr key={i} />, part]))}
    </code>
  );
}

const quietSeconds = (transfer: Transfer): number =>
  Math.floor(quietMs(transfer, knownMs.value ?? transfer.lastNewMs) / 1_000);

function factsOf(transfer: Transfer): string[] {
  const { mode, width, height, channels, bits } = transfer;
  const size = mode === "file" ? [] : [`${count(width)} × ${count(height)}`];
  const depth = mode === "file" ? [] : [`${channels} × ${bits} bit`];
  return [...size, ...depth, bytes(transfer.bytes)];
}

const unitName = (transfer: Transfer): string => (transfer.mode === "file" ? "bytes" : "pixels");
