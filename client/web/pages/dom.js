// The one place where elements are made.  Texts become text nodes and values become
// attributes, so nothing that was typed or recorded is ever read as markup.

const LOCAL = /^(\/(?!\/)|#|\?)/;

function set(node, name, value) {
  if (value === null || value === undefined || value === false) {
    return;
  }
  if (name.startsWith('on')) {
    node.addEventListener(name.slice(2), value);
  } else if ((name === 'href' || name === 'action') && !LOCAL.test(value)) {
    throw new Error(`not an address of this server: ${name}`);
  } else if (name === 'value' || name === 'checked' || name === 'selected') {
    node[name] = value;
  } else {
    node.setAttribute(name, value === true ? '' : value);
  }
}

// el('a', { href: '/', class: 'x', onclick: f }, 'text', child, [more]) makes an
// element.  Children are nodes, texts, numbers, lists of them, or nothing.
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  node.append(...nodes(children));
  for (const [name, value] of Object.entries(attributes)) {
    set(node, name, value);
  }
  return node;
}

function nodes(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));
}

// Puts these children in place of those that a node has.
export function fill(node, ...children) {
  node.replaceChildren(...nodes(children));
  return node;
}

export const byId = (id) => document.getElementById(id);

let made = 0;
export const freshId = (prefix) => `${prefix}-${(made += 1)}`;
