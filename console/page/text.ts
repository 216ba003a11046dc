import { options, type VNode } from 'preact';
import { isObject } from '../../core/shape.ts';
import { visibleText } from '../../core/visible.ts';

const { vnode: before } = options;

// A link must not run a script: it leads within the page or to a web site.
const isSafe = (href: unknown): boolean => /^(#|https:\/\/)/.test(String(href));

/**
 * Whatever the page shows passes here: text of others is shown with its control characters visible, and an
 * address that is neither within the page nor of a web site is left out. The node of a text has no type, and the
 * text in place of its properties.
 *
 * @see https://preactjs.com/guide/v10/options/
 */
options.vnode = (vnode: VNode) => {
  const shown: { props: unknown } = vnode;
  if (typeof shown.props === 'string') shown.props = visibleText(shown.props, '\n');
  else if (isObject(shown.props) && 'href' in shown.props && !isSafe(shown.props['href'])) {
    shown.props = { ...shown.props, href: undefined };
  }
  before?.(vnode);
};
