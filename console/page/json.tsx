import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Copy } from './buttons.tsx';

// Values so deep are folded at first.
const OPEN_DEPTH = 2;

const Name = ({ name }: { name: string }) => <span class="json-name">{name}: </span>;

function Members({ value, depth }: { value: object; depth: number }): JSX.Element {
  return (
    <ul>
      {Object.entries(value).map(([name, member]) => (
        <li key={name}>
          <Value name={name} value={member} depth={depth} />
        </li>
      ))}
    </ul>
  );
}

/** An object or a list, which folds. What is folded is not rendered. */
function Folding({ name, value, depth }: { name: string; value: object; depth: number }) {
  const [isOpen, setOpen] = useState(depth < OPEN_DEPTH);
  const count = Object.keys(value).length;
  return (
    <details open={isOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        <Name name={name} />
        <span class="dim">{Array.isArray(value) ? `[${count}]` : `{${count}}`}</span>
      </summary>
      {isOpen && <Members value={value} depth={depth + 1} />}
    </details>
  );
}

function Value({ name, value, depth }: { name: string; value: unknown; depth: number }) {
  if (typeof value === 'object' && value !== null && Object.keys(value).length > 0) {
    return <Folding name={name} value={value} depth={depth} />;
  }
  return (
    <>
      <Name name={name} />
      <code>{JSON.stringify(value)}</code>
    </>
  );
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}

/** JSON that folds, with a button that copies it. */
export function Json({ what, json }: { what: string; json: string | undefined }): JSX.Element {
  const value = json === undefined ? undefined : parsed(json);
  return (
    <div>
      <div class="head">
        <h4>{what}</h4>
        {json !== undefined && <Copy text={json} what={what.toLowerCase()} />}
      </div>
      {json === undefined ? (
        <p class="dim">None yet.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reached by keyboard
        <section class="json" tabIndex={0} aria-label={what}>
          {typeof value === 'object' && value !== null ? (
            <Members value={value} depth={0} />
          ) : (
            <code>{JSON.stringify(value)}</code>
          )}
        </section>
      )}
    </div>
  );
}
