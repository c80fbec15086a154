import { resolve } from 'node:path';
import { defineConfig } from 'vite';

// Two pages, all files by hashed names, nothing inlined: the pages run under a policy without inline script or style.
export default defineConfig({
	base: '/',
	cacheDir: process.env.ZUB_WEB_CACHE ?? 'node_modules/.vite',
	build: {
		outDir: process.env.ZUB_WEB_OUT ?? '../../build/web',
		emptyOutDir: true,
		assetsInlineLimit: 0,
		modulePreload: { polyfill: false },
		target: 'es2022',
		chunkSizeWarningLimit: 2000,
		rollupOptions: { input: { index: resolve(import.meta.dirname ?? '.', 'index.html'), operator: resolve(import.meta.dirname ?? '.', 'operator.html'), planner: resolve(import.meta.dirname ?? '.', 'planner.html') } },
	},
});
