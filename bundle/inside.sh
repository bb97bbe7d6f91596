# Run by check.sh in the minimal Debian, as root.
set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root
fail() {
    echo "check-bundle: $*" >&2
    [ ! -e /tmp/said ] || tail -n 20 /tmp/said >&2
    exit 1
}
account='setpriv --reuid madoguchi --regid madoguchi --clear-groups'
[ "$(grep -c : /proc/net/dev)" -eq 1 ] || fail 'there is a network'
cd /root/madoguchi-*/

cp -R . /root/damaged
printf x | dd of="$(ls /root/damaged/packages/liblmdb0_*.deb)" bs=1 seek=1000 conv=notrunc 2>/dev/null
if sh /root/damaged/install.sh >/tmp/said 2>&1; then
    fail 'a damaged package is installed'
fi
[ ! -e /usr/bin/madoguchi ] || fail 'something of a damaged archive was installed'

sh install.sh madoguchi >/tmp/said 2>&1 || fail 'the client alone cannot be installed'
madoguchi --version
[ ! -e /usr/sbin/madoguchid ] || fail 'a counter has the daemon'
sh install.sh >/tmp/said 2>&1 || fail 'it cannot be installed'
sh install.sh >/tmp/said 2>&1 || fail 'it cannot be installed again'
grep -q ' 0 newly installed' /tmp/said || fail 'the second time something is installed'
dpkg --audit >/tmp/said && [ ! -s /tmp/said ] || fail 'dpkg is not content'
for file in /lib/systemd/system/madoguchid@.service /lib/systemd/system/madoguchid-tls@.socket \
    /usr/share/locale/ja/LC_MESSAGES/madoguchi.mo /usr/share/man/man8/madoguchid.8.gz \
    /usr/share/bash-completion/completions/madoguchi /usr/share/madoguchi/plans/nagai.yaml; do
    [ -e "$file" ] || fail "there is no $file"
done
[ -z "$(find /etc/systemd -name '*madoguchi*')" ] || fail 'a unit is enabled'
systemd-analyze verify --man=no madoguchid@062090.service madoguchid@062090.socket \
    madoguchid-tls@062090.socket madoguchi-backup@062090.timer >/tmp/said 2>&1 &&
    [ ! -s /tmp/said ] || fail 'systemd does not like the units'
[ "$(stat -c '%U %a' /var/lib/madoguchi /var/backups/madoguchi | tr '\n' ' ')" = \
    'madoguchi 750 madoguchi 700 ' ] || fail 'the folders are not as they should be'

store=/var/lib/madoguchi/062090
cd /var/lib/madoguchi
$account madoguchid init --store $store --municipality 062090 --name 長井市 >/tmp/said
$account madoguchid serve --store $store --listen unix:/var/lib/madoguchi/sock \
    2>/var/lib/madoguchi/log &
daemon=$!
n=0
until [ -S /var/lib/madoguchi/sock ]; do
    n=$((n + 1))
    [ $n -le 3000 ] || fail 'the daemon does not start'
    sleep 0.02
done
export MADOGUCHI_SERVER=unix:/var/lib/madoguchi/sock
# Root is nobody there until the one who made the store says who it is.
$account madoguchi account add mado-1 --role clerk --uid 0 >/tmp/said 2>&1 || fail 'no account'
[ "$(madoguchi log migration --topic housing --date 2024-04-15)" = 'M-2024-000001 #4' ] ||
    fail 'the case is not logged'
LANG=ja_JP.UTF-8 madoguchi list --from FY2024 --to FY2024 | tee /tmp/said
grep -q 移住相談 /tmp/said || fail 'it does not speak Japanese'
# The pages, as a proxy of this machine would fetch them. The network is closed, its own
# end too until it is brought up.
ip link set lo up 2>/dev/null || perl -e '
    socket(my $s, 2, 2, 0) or die;
    my $r = pack("Z16 s x22", "lo", 1);
    ioctl($s, 0x8914, $r) or die "lo: $!"' || fail 'no loopback'
setpriv --reuid madoguchi-web --regid madoguchi-web --init-groups \
    madoguchi-web --server $MADOGUCHI_SERVER --listen 127.0.0.1:8480 --behind-proxy 2>/tmp/web.log &
web=$!
n=0
until grep -qs url= /tmp/web.log; do
    n=$((n + 1))
    [ $n -le 3000 ] || fail 'the pages do not start'
    sleep 0.02
done
perl -MIO::Socket::INET -e '
    my $s = IO::Socket::INET->new("127.0.0.1:8480") or die "no connection: $!";
    print $s "GET /api/session HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    print while <$s>' >/tmp/said
grep -q '"municipality":"062090"' /tmp/said || fail 'the pages are not served'
kill $web
wait $web || fail "the gateway ends with $?"
$account madoguchi backup /var/backups/madoguchi/062090 >/tmp/said 2>&1 || fail backup
kill $daemon
wait $daemon || fail "the daemon ends with $?"
$account madoguchid verify --store $store >/tmp/said || fail verify

dpkg --purge madoguchi-web madoguchid >/tmp/said 2>&1 || fail purge
$account test -d $store/journal || fail 'the records went with the package'
echo 'the archive installs without a network, and serves'
