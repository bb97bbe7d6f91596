# peers.csv as Markdown; -v machine=FILE: lines about the machine.
# Ratios are of medians. The best peer is the best of those that keep what they
# are given: floor-log and floor-echo are limits, not peers.
function has(who, where, depth) { return ("log", who, where, depth, "rate") in mid }
function log_of(who, where, metric) { return mid["log", who, where, 1, metric] }
function figure(x) { return x >= 100 ? sprintf("%.0f", x) : x >= 10 ? sprintf("%.1f", x) : sprintf("%.2f", x) }
function thousands(x, s, r) {
    s = sprintf("%.0f", x)
    for (r = ""; length(s) > 3; s = substr(s, 1, length(s) - 3)) r = "," substr(s, length(s) - 2) r
    return s r
}
function head(title, first, i, line) {
    print "\n## " title "\n"
    line = "| " first " |"
    for (i = 1; i <= n_points; i++)
        line = line " " place[i] (depth[i] > 1 ? " x " depth[i] " in flight" : "") " |"
    print line
    line = "|---|"
    for (i = 1; i <= n_points; i++) line = line "---:|"
    print line
}
function cell(who, i, kind, k) {
    if (!has(who, place[i], depth[i])) return "-"
    k = "log" SUBSEP who SUBSEP place[i] SUBSEP depth[i] SUBSEP
    if (kind == "rate")
        return thousands(mid[k "rate"]) " (" thousands(low[k "rate"]) "-" thousands(high[k "rate"]) ")"
    if (kind == "time") return figure(mid[k "p50"]) " / " figure(mid[k "p99"])
    return figure(mid[k "server"]) "; " ((k "disk") in mid ? thousands(mid[k "disk"]) : "-") "; " \
           ((k "flushes") in mid ? figure(mid[k "flushes"]) : "-") "; " figure(mid[k "others"])
}
function table(title, kind, s, i, line) {
    head(title, "system")
    for (s = 1; s <= n_systems; s++) {
        line = "| " systems[s] " |"
        for (i = 1; i <= n_points; i++) line = line " " cell(systems[s], i, kind) " |"
        print line
    }
}
# The peer with the best figure: the most answers, or the lowest p99.
function best(where, metric, s, b) {
    for (s = 1; s <= n_systems; s++)
        if (systems[s] != "madoguchi" && systems[s] !~ /^floor/ && has(systems[s], where, 1))
            if (b == "" || (metric == "rate" ? log_of(systems[s], where, metric) > log_of(b, where, metric) \
                                             : log_of(systems[s], where, metric) < log_of(b, where, metric)))
                b = systems[s]
    return b
}
function ratio(title, where, metric, peer) {
    if (peer == "" || !has(peer, where, 1) || !has("madoguchi", where, 1)) return
    printf "| %s | %s | %.2f |\n", title, peer, log_of("madoguchi", where, metric) / log_of(peer, where, metric)
}
function ratios(i) {
    print "\n## Ratios\n\n| ours to | which | ratio |\n|---|---|---:|"
    ratio("logs a second of PostgreSQL, 1 connection", 1, "rate", "postgres")
    for (i = 1; i <= n_points; i++)
        if (depth[i] == 1 && place[i] > 1)
            ratio("logs a second of the best peer, " place[i] " connections", place[i], "rate",
                  best(place[i], "rate"))
    ratio("p99 of the best peer, 64 connections (lower is better)", 64, "p99", best(64, "p99"))
    for (i = 1; i <= n_points; i++)
        if (depth[i] == 1)
            ratio("logs a second of the log alone, " place[i] (place[i] > 1 ? " connections" : " connection"), place[i], "rate",
                  "floor-log")
}
NR == 1 { next }
{
    k = $1 SUBSEP $2 SUBSEP $3 SUBSEP $4 SUBSEP $5
    mid[k] = $6; low[k] = $7; high[k] = $8
    if ($1 == "log" && $5 == "rate") {
        if (!($2 in known)) { known[$2] = 1; systems[++n_systems] = $2 }
        if (!(($3, $4) in point)) { point[$3, $4] = 1; place[++n_points] = $3; depth[n_points] = $4 }
    }
    if ($1 == "read" && $5 == "p50") asked[++n_asked] = $2 SUBSEP $3
    if ($1 == "import") importer[++n_importers] = $2
}
END {
    print "# Madoguchi beside its peers\n"
    while ((getline line < machine) > 0) print "- " line
    if (n_systems > 0) {
        print "\nEach log is one case with its counts, answered when it is on disk; a closed loop, one"
        print "generator thread, everything over Unix sockets on one machine. Median (least-most). In the"
        print "end every system's tallies were the number of its cases, and ours passed verify."
        table("Logs a second, by connections", "rate")
        table("Milliseconds until the answer, p50 / p99", "time")
        table("A log: us of processor in the server; bytes on disk; flushes; others' processors", "use")
        ratios()
        print "\nNot equal, and in whose favour:\n"
        print "- Ours also checks every code and text, keeps who recorded and when, an index of request"
        print "  ids, so that a request asked again is done once, a chain of hashes, and five tables of"
        print "  sums; the peers keep one row, one key and one tally."
        print "- Ours has no field for a remark; as many bytes as the peers' go into its `visit`."
        print "- Ours leaves its tables to the kernel and makes them again after a power failure; what it"
        print "  left is written before the next run and counts among its bytes. PostgreSQL's checkpoints"
        print "  are half an hour apart: hardly more than its log is counted."
        print "- Redis keeps everything in memory, and never rewrites its log here."
        print "- PostgreSQL has a quarter of the memory, at most 2 GiB, for its buffers; the rest is as it"
        print "  is installed. All servers stay up while another is measured."
        print "- Generator and server share the processors."
    }
    if (n_asked > 0) {
        print "\n## Reading\n\n| question | system | p50 ms | p99 ms | rows |\n|---|---|---:|---:|---:|"
        for (i = 1; i <= n_asked; i++) {
            split(asked[i], a, SUBSEP)
            k = "read" SUBSEP a[1] SUBSEP a[2] SUBSEP 1 SUBSEP
            gsub(/_/, " ", a[2])
            print "| " a[2] " | " a[1] " | " figure(mid[k "p50"]) " | " figure(mid[k "p99"]) " | " \
                  thousands(mid[k "rows"]) " |"
        }
        print "\nyear: twelve or more months by month and service; fine: one month by service, office,"
        print "channel, nature and topic. Of five answers the p99 is the slowest."
    }
    if (n_importers > 0) {
        print "\n## Import\n\n| system | rows a second | least-most |\n|---|---:|---:|"
        for (i = 1; i <= n_importers; i++) {
            k = "import" SUBSEP importer[i] SUBSEP 0 SUBSEP 1 SUBSEP "rate"
            print "| " importer[i] " | " thousands(mid[k]) " | " thousands(low[k]) "-" thousands(high[k]) " |"
        }
        print "\nThe same file for all, from CSV to rows, a key and the month's tally."
    }
}
