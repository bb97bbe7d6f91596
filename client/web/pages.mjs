// Every page: its URL, the file it becomes, its module, and its title before the
// module has set one.
const page = (name, title) => ({ file: `${name}.html`, script: `${name}.js`, title });

export const pages = {
  '/': page('counter', '窓口'),
  '/login': page('login', 'ログイン'),
};
