// Building pages without a framework: h('button', { class: 'x', onclick }, 'text').

type Child = Node | string | number | null | undefined | false | Child[];
type Props = Record<string, unknown>;

export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(props)) {
		if (value === null || value === undefined || value === false)
			continue;
		if (name.startsWith('on'))
			element.addEventListener(name.slice(2), value as EventListener);
		else if (name in element && !name.includes('-') && name !== 'list' && name !== 'form' && name !== 'role')
			(element as unknown as Props)[name] = value;
		else
			element.setAttribute(name === 'class' ? 'class' : name, value === true ? '' : String(value));
	}
	append(element, children);
	return element;
}

function append(parent: Node, children: Child[]): void {
	for (const child of children) {
		if (Array.isArray(child))
			append(parent, child);
		else if (child !== null && child !== undefined && child !== false)
			parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
	}
}

export function replace(parent: Element, ...children: Child[]): void {
	parent.replaceChildren();
	append(parent, children);
}

export function element(id: string): HTMLElement {
	const found = document.getElementById(id);
	if (!found)
		throw new Error(`no element #${id}`);
	return found;
}

let names = 0;
export function freshId(stem: string): string {
	return `${stem}-${++names}`;
}
