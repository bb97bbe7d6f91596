# The raw lines of peers.sh and growth.sh (section what where in_flight figure...)
# as CSV: the median of the rounds, the least and the most of each figure.
# A figure "-" is not known.
function median(list, n, i, j, t, v) {
    n = split(list, v, " ")
    for (i = 2; i <= n; i++)
        for (j = i; j > 1 && v[j - 1] + 0 > v[j] + 0; j--) {
            t = v[j]
            v[j] = v[j - 1]
            v[j - 1] = t
        }
    return v[int((n + 1) / 2)] "," v[1] "," v[n]
}
function figures(section, names, units, n, i, m, u) {
    n = split(names, m, "|")
    split(units, u, "|")
    for (i = 1; i <= n; i++) {
        metric[section, i] = m[i]
        unit[section, i] = u[i]
    }
}
BEGIN {
    figures("log", "rate|p50|p99|server|disk|flushes|client|others",
            "logs/s|ms|ms|us of processor a log|bytes a log|a log|processors|processors")
    figures("read", "p50|p99|rows", "ms|ms|rows")
    figures("import", "rate", "rows/s")
    figures("time", "time", "s")
    figures("memory", "anonymous", "MiB")
    figures("size", "journal|tables", "bytes an entry|bytes an entry")
    print "section,what,where,in_flight,metric,median,min,max,unit"
}
{
    key = $1 "," $2 "," $3 "," $4
    if (!(key in section)) {
        section[key] = $1
        keys[++n_keys] = key
    }
    for (i = 1; i <= NF - 4; i++)
        if ($(i + 4) != "-") all[key, i] = all[key, i] " " $(i + 4)
}
END {
    for (k = 1; k <= n_keys; k++)
        for (i = 1; (section[keys[k]], i) in metric; i++)
            if ((keys[k], i) in all)
                print keys[k] "," metric[section[keys[k]], i] "," median(all[keys[k], i]) "," \
                      unit[section[keys[k]], i]
}
