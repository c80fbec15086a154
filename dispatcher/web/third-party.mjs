// third-party.mjs LIST LOCK MODULES: prints the list, then the licence text of every package that the pages are made from.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [list, lock, modules] = process.argv.slice(2);
const print = (text) => process.stdout.write(`${text.trimEnd()}\n`);
print(readFileSync(list, 'utf8'));
for (const [path, entry] of Object.entries(JSON.parse(readFileSync(lock, 'utf8')).packages).sort()) {
	const folder = join(modules, path.replace(/^node_modules\//, ''));
	if (!path || entry.dev || !existsSync(folder))
		continue;
	const names = readdirSync(folder).filter((name) => /^(licen[cs]e|copying|notice)/i.test(name)).sort();
	print(`\n---- ${path.split('node_modules/').pop()} ${entry.version} (${entry.license}) ----\n`);
	for (const name of names)
		print(readFileSync(join(folder, name), 'utf8'));
	if (!names.length)
		print(`(the package brings no licence file; its package.json says ${entry.license})`);
}
