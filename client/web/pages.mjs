// Every page: its URL, the file it becomes, its module, and its title before the
// module has set one.
const page = (name, title, script = `${name}.js`) => ({ file: `${name}.html`, script, title });

export const pages = {
  '/': page('counter', '窓口'),
  '/accounts': page('accounts', '利用者'),
  '/audit': page('audit', '監査'),
  '/case': page('case', '相談票'),
  '/catalogue': page('catalogue', '目録', 'catalogue_page.js'),
  '/close': page('close', '月の締め'),
  '/indicators': page('indicators', '成果指標'),
  '/list': page('list', '検索'),
  '/login': page('login', 'ログイン'),
  '/month': page('month', '月別の件数'),
  '/password': page('password', 'パスワード'),
  '/prove': page('prove', '根拠'),
  '/reports': page('reports', '報告書'),
  '/settings': page('settings', 'この端末の設定'),
  '/today': page('today', '今日の記録'),
};
