import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { SideBlock } from '../server/protocol.ts';
import { Button } from './buttons.tsx';
import { Unseen } from './words.tsx';

// More equal lines than these are folded, except for the nearest ones.
const LONGEST = 8;
const NEAR = 2;

const Side = ({ text, mark }: { text: string | undefined; mark: 'removed' | 'added' }) => (
  <td class={text === undefined ? 'empty' : mark}>
    {text !== undefined && <Unseen>{`${mark}: `}</Unseen>}
    {text}
  </td>
);

const Changed = ({ before, after }: SideBlock) => (
  <>
    {Array.from({ length: Math.max(before.length, after.length) }, (_, i) => (
      <tr key={i}>
        <Side text={before[i]} mark="removed" />
        <Side text={after[i]} mark="added" />
      </tr>
    ))}
  </>
);

const Same = ({ lines }: { lines: string[] }) => (
  <>
    {lines.map((line, i) => (
      <tr key={`${i} ${line}`}>
        <td>{line}</td>
        <td>{line}</td>
      </tr>
    ))}
  </>
);

/** Equal lines. Many are folded. */
function Equal({ lines }: { lines: string[] }): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  if (isOpen || lines.length <= LONGEST) return <Same lines={lines} />;
  return (
    <>
      <Same lines={lines.slice(0, NEAR)} />
      <tr>
        <td colSpan={2}>
          <Button class="small" press={() => setOpen(true)}>
            {`Show ${lines.length - 2 * NEAR} equal lines`}
          </Button>
        </td>
      </tr>
      <Same lines={lines.slice(-NEAR)} />
    </>
  );
}

/** An identity pool before and after, side by side. */
export const Sides = ({ blocks, label }: { blocks: SideBlock[]; label: string }): JSX.Element => (
  <details>
    <summary>Before and after</summary>
    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reached by keyboard */}
    <section class="scroll sides" tabIndex={0} aria-label={label}>
      <table>
        <thead>
          <tr>
            <th scope="col">Before</th>
            <th scope="col">After</th>
          </tr>
        </thead>
        <tbody>
          {blocks.map((block, i) =>
            block.isSame ? (
              <Equal key={`${i} ${block.before[0]}`} lines={block.before} />
            ) : (
              <Changed key={`${i} ${block.before[0]}`} {...block} />
            ),
          )}
        </tbody>
      </table>
    </section>
  </details>
);
