# The table of CAPACITY.md from growth.csv; -v processors=N of the machine that
# was measured. The largest size that was measured speaks for all larger ones.
function value(section, where, metric) {
    if (!((section, largest, where, metric) in mid)) {
        print "capacity: growth.csv has no " section " " where " " metric >"/dev/stderr"
        failed = 1
        exit 1
    }
    return mid[section, largest, where, metric]
}
function figure(x) {
    return x >= 100 ? thousands(x) : x >= 10 ? sprintf("%.0f", x) : x >= 1 ? sprintf("%.1f", x) : x >= 0.01 ? sprintf("%.2f", x) : "< 0.01"
}
function thousands(x, s, r) {
    s = sprintf("%.0f", x)
    for (r = ""; length(s) > 3; s = substr(s, 1, length(s) - 3)) r = "," substr(s, length(s) - 2) r
    return s r
}
function duration(s) {
    return s < 120 ? figure(s) " s" : s < 7200 ? figure(s / 60) " min" : figure(s / 3600) " h"
}
function up(x) { return x == int(x) ? x : int(x) + 1 }
function max(a, b) { return a > b ? a : b }
function row(title, values, i, line) {
    line = "| " title " |"
    for (i = 1; i <= n; i++) line = line " " values[i] " |"
    print line
}
# Events a year, and in how many stores, the largest of which has so many.
function who(title, events, stores, most) {
    n++
    name[n] = title; yearly[n] = events; store[n] = stores; biggest[n] = most
}
NR == 1 { next }
{
    mid[$1, $2, $3, $5] = $6
    if ($1 == "size" && $2 + 0 > largest + 0) largest = $2
}
END {
    if (failed) exit 1
    days = 243; writes = 6; years = 10; doubled = 2; busiest_hour = 0.163; wait_hours = 4
    city = 50 * days
    nation = 61000000
    who("town of 25,000", city, 1, city)
    who("average municipality", 35000, 1, 35000)
    who("city of 3.7 million", 150 * city, 1, 150 * city)
    who("prefecture", nation / 47, 37, nation / 47 / 3)
    who("nation", nation, 1741, 150 * city)
    journal = value("size", "-", "journal"); tables = value("size", "-", "tables")
    cost = value("log", 1, "server") / 1e6
    refold = largest / value("time", "refold", "time")
    verify = largest / value("time", "verify", "time")
    memory = value("memory", "-", "anonymous")
    for (i = 1; i <= n; i++) {
        entries = yearly[i] * writes
        all = entries * years
        peak = yearly[i] / days * doubled * busiest_hour / 3600 * writes
        spread = store[i] < processors ? store[i] : processors
        again = max(biggest[i] * writes * years, all / spread) / refold
        busy = peak * cost
        c_events[i] = thousands(yearly[i]); c_entries[i] = thousands(entries); c_stores[i] = thousands(store[i])
        c_peak[i] = figure(peak); c_busy[i] = figure(busy * 100) " %"
        c_all[i] = figure(all / 1e6)
        c_journal[i] = figure(all * journal / 1e9); c_tables[i] = figure(all * tables / 1e9)
        c_disk[i] = figure(all * (journal + tables) / 1e9)
        c_memory[i] = figure(store[i] * memory / 1024 + all * tables / (years * 12) / 1073741824)
        c_again[i] = duration(again)
        c_verify[i] = duration(biggest[i] * writes * years / verify)
        c_machines[i] = max(up(busy / (processors / 2)), up(again / 3600 / wait_hours))
    }
    print "| | " name[1] " | " name[2] " | " name[3] " | " name[4] " | " name[5] " |"
    print "|---|---:|---:|---:|---:|---:|"
    row("events a year", c_events)
    row("entries a year", c_entries)
    row("stores (one a municipality, each with its daemon)", c_stores)
    row("entries a second in the busiest hour", c_peak)
    row("of a processor, then", c_busy)
    row("after ten years: million entries", c_all)
    row("journal, GB (and a backup as much)", c_journal)
    row("tables, GB", c_tables)
    row("disk in all, GB, without the backup", c_disk)
    row("memory, GiB: the daemons and one month's tables", c_memory)
    row("tables made again after a power failure", c_again)
    row("verify of the largest store", c_verify)
    row("machines like the one measured", c_machines)
    printf "\nMeasured at %s entries, %d processors: journal %d and tables %d bytes an entry, %.0f us of\n" \
           "processor a log at one connection, refold %s and verify %s entries a second, %.1f MiB a\n" \
           "daemon.\n", thousands(largest), processors, journal, tables, cost * 1e6, thousands(refold),
           thousands(verify), memory
}
