/** links.yml, which is checked and put into the bundle when the service is packaged. */
declare module '#links' {
  import type { Links } from '../core/links/links.ts';

  const links: Links;
  export default links;
}
