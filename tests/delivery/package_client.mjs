// Asks a registry for a package through fhir-package-loader, as FHIR's registry and as npm's; prints what came.
import { createHash } from 'node:crypto';
import * as clients from 'fhir-package-loader';

const [registry, name] = process.argv.slice(2);
const found = {};
for (const kind of ['FHIRRegistryClient', 'NPMRegistryClient']) {
  const client = new clients[kind](registry, { log: () => undefined });
  const version = await client.resolveVersion(name, 'latest');
  const hash = createHash('sha512');
  for await (const chunk of await client.download(name, version)) hash.update(chunk);
  found[kind] = { version, sha512: hash.digest('hex') };
}
console.log(JSON.stringify(found));
