import type { JSX } from 'preact';
import type { MapView } from '../server/protocol.ts';
import { Unseen } from './words.tsx';

type Node = MapView['nodes'][number];

/** A line from left to right, which leaves and arrives level. */
function pathOf([[fromX = 0, fromY = 0] = [], [toX = 0, toY = 0] = []]: number[][]): string {
  const middle = (fromX + toX) / 2;
  return `M${fromX},${fromY} C${middle},${fromY} ${middle},${toY} ${toX},${toY}`;
}

const Spot = ({ node, isSeen }: { node: Node; isSeen: boolean }) => {
  const { kind, name, x, y, width, height } = node;
  const box = { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` };
  return (
    <li class={`spot ${kind.replace(' ', '-')}`} style={box} title={`${kind} ${name}`}>
      <Unseen>{`${kind} `}</Unseen>
      {isSeen ? <a href={`#/pool/${name}`}>{name}</a> : <span>{name}</span>}
    </li>
  );
};

/**
 * User pools, links and identity pools from left to right. The table of the links says the same in words.
 *
 * @param pools the identity pools that have a page of their own.
 */
export const LinksMap = ({
  map: { width, height, nodes, ways },
  pools,
}: {
  map: MapView;
  pools: ReadonlySet<string>;
}): JSX.Element => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reached by keyboard
  <section class="scroll" tabIndex={0} aria-label="From user pools by links to identity pools">
    <div class="links-map" style={{ width: `${width}px`, height: `${height}px` }}>
      <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
        {ways.map((way) => (
          <path key={way.join()} class="way" d={pathOf(way)} />
        ))}
      </svg>
      <ul class="items">
        {nodes.map((node) => (
          <Spot
            key={`${node.kind} ${node.name}`}
            node={node}
            isSeen={node.kind === 'identity pool' && pools.has(node.name)}
          />
        ))}
      </ul>
    </div>
  </section>
);
