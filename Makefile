# Madoguchi.  `make help` lists what can be asked for.
#
# Two commands are all a newcomer needs: `make demo` and `make check`.  Each
# first runs `make deps`, which installs what is missing.

# The version stands in debian/changelog and nowhere else.
VERSION   := $(shell sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)
BUILD     ?= build
PREFIX    ?= /usr/local
DESTDIR   ?=
UNITDIR   ?= $(PREFIX)/lib/systemd/system
CC        ?= gcc
PROTOC    ?= protoc-c
WERROR    ?=
OPT       ?= -O2 -g
JOBS      ?= $(shell nproc 2>/dev/null || echo 2)
# Tests wait for half of their time, for the disk and for daemons.
TESTJOBS  ?= $(shell echo $$(($(JOBS) * 3 / 2)))

# As many jobs as the machine has processors, where no number was asked for.
ifeq ($(MAKELEVEL)$(filter -j% --jobserver%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(JOBS)
endif

DEBIAN    := build-essential pkg-config libevent-dev liblmdb-dev libprotobuf-c-dev \
             protobuf-c-compiler libsodium-dev libcyaml-dev libyaml-dev libcsv-dev libsystemd-dev \
             libunistring-dev libssl-dev libjansson-dev libxlsxwriter-dev check gettext python3 \
             mandoc systemd curl
MODULES   := libevent_core libprotobuf-c libsodium libcyaml libsystemd lmdb openssl xlsxwriter
# Of the web gateway alone.
WEBMODULES := libevent libevent_openssl jansson
TESTMODULES := check

WARNINGS  := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
             -Wconversion -Wno-sign-conversion $(WERROR)
HARDEN    := -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection
FORTIFY   ?= -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
LOCALEDIR := $(PREFIX)/share/locale
CPPFLAGS  := -D_GNU_SOURCE -DMADOGUCHI_VERSION='"$(VERSION)"' -DLOCALEDIR='"$(LOCALEDIR)"' \
             -I. -I$(BUILD)/gen
CFLAGS     = -std=gnu17 $(OPT) $(WARNINGS) $(HARDEN) $(FORTIFY) $(SANITIZE)
# As needed: the daemon has no use for what writes spreadsheets.
LDFLAGS   := -pie -Wl,--as-needed -Wl,-z,relro,-z,now,-z,noexecstack

ifeq ($(filter deps help clean format,$(MAKECMDGOALS)),)
PKG_CFLAGS = $(shell pkg-config --cflags $(MODULES) 2>/dev/null)
PKG_LIBS   = $(shell pkg-config --libs $(MODULES) 2>/dev/null) -lunistring -lcsv -lpthread
WEB_LIBS   = $(shell pkg-config --libs $(WEBMODULES) 2>/dev/null)
CHECK_LIBS = $(shell pkg-config --libs $(TESTMODULES) 2>/dev/null)
endif

PROTOS    := proto/madoguchi proto/document store/entry store/fold
GEN_C     := $(PROTOS:%=$(BUILD)/gen/%.pb-c.c)
GEN_H     := $(GEN_C:.c=.h)
EMBEDDED  := $(BUILD)/gen/catalogue_yaml.c

src        = $(sort $(wildcard $(1)/*.c))
obj        = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

PROTO_OBJ := $(call obj,$(call src,proto)) \
             $(patsubst $(BUILD)/gen/%.c,$(BUILD)/obj/gen/%.o,$(filter $(BUILD)/gen/proto/%,$(GEN_C)))
STORE_OBJ := $(call obj,$(call src,store)) \
             $(patsubst $(BUILD)/gen/%.c,$(BUILD)/obj/gen/%.o,$(filter $(BUILD)/gen/store/%,$(GEN_C)))
DAEMON_OBJ := $(call obj,$(call src,daemon)) $(BUILD)/obj/gen/catalogue_yaml.o
CLIENT_OBJ := $(call obj,$(call src,client))
WEB_OBJ   := $(call obj,$(call src,client/web)) $(BUILD)/obj/gen/web_assets.o
LIBPROTO  := $(BUILD)/libproto.a
LIBSTORE  := $(BUILD)/libstore.a
DAEMONLIB := $(BUILD)/libdaemon.a
CLIENTLIB := $(BUILD)/libclient.a
WEBLIB    := $(BUILD)/libweb.a
# What takes longest begins first: the others run beside it.
LONGEST   := test_nth test_power test_doctor test_verify_damage test_journal_faults test_nth_daemon \
             test_soak test_watchdog test_model test_verify
SKIP      ?=
TESTS     := $(LONGEST:%=$(BUILD)/tests/%) $(filter-out $(LONGEST:%=$(BUILD)/tests/%) $(SKIP:%=$(BUILD)/tests/%), \
             $(patsubst tests/%.c,$(BUILD)/tests/%,$(sort $(wildcard tests/test_*.c))))
TESTLIB_OBJ := $(call obj,$(filter-out tests/test_%.c tests/fuzz_%.c tests/bench_%.c,$(call src,tests)))
LOCALES   := $(patsubst client/po/%.po,$(BUILD)/locale/%/LC_MESSAGES/madoguchi.mo,$(wildcard client/po/*.po))

SCRIPTS   ?= $(wildcard tests/check_*.sh)
SLOWEST    = $(filter %/check_browser.sh,$(SCRIPTS))

# Fuzz targets: tests/fuzz/fuzz_NAME.c, whose corpus is tests/fuzz/corpus/NAME.
FUZZ      := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_SECONDS ?= 60
FUZZKIT   := $(BUILD)/libfuzzkit.a
REPLAYS   := $(FUZZ:%=$(BUILD)/tests/replay_%)

.PHONY: all deb bundle check-bundle deps demo demo-stop run check check-long asan tsan fuzz bench lint format install clean help ledgers
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BUILD)/madoguchid $(BUILD)/madoguchi $(BUILD)/madoguchi-web $(LOCALES)

help:
	@echo 'make            build $(BUILD)/madoguchid, $(BUILD)/madoguchi, $(BUILD)/madoguchi-web'
	@echo 'make demo       the main job from end to end, in a store under $(BUILD)/demo'
	@echo 'make demo-stop  ends the daemon and the pages that make demo left up'
	@echo 'make check      build and pass the tests'
	@echo 'make check-long the tests that take long (five cities under ASan, mutations)'
	@echo 'make asan tsan  the tests with the address/undefined and the thread sanitizer'
	@echo 'make fuzz       fuzzing with clang, $(FUZZ_SECONDS) s (FUZZ_SECONDS) a target (FUZZ)'
	@echo 'make bench      speed and memory, as CSV'
	@echo 'make bench-tls  what TLS costs beside the Unix socket'
	@echo 'make bench-web  what the web gateway costs'
	@echo 'make bench-logins  what logins cost those who log'
	@echo 'make bench-peers   the same work for PostgreSQL and Redis, side by side'
	@echo 'make bench-growth  how the cost grows with the entries; CAPACITY.md says for whom'
	@echo 'make run        a daemon on a store under $(BUILD)/run'
	@echo 'make lint       clang-tidy and cppcheck'
	@echo 'make format     clang-format 14 over the sources'
	@echo 'make deps       install what is missing (Debian 12)'
	@echo 'make install    DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)'
	@echo 'make deb        Debian packages under $(BUILD)/deb'
	@echo 'make bundle     packages and all they need in one archive, for a machine without network'
	@echo 'make check-bundle   installs the archive in a minimal Debian without network (root)'
	@echo 'make clean'

deps:
	@sh tests/deps.sh "$(MODULES) $(WEBMODULES) $(TESTMODULES)" "$(DEBIAN)"
	@sh tests/deps.sh "" "--no-install-recommends nodejs npm" node npm

# ---- generated ---------------------------------------------------------------

$(BUILD)/gen/%.pb-c.c $(BUILD)/gen/%.pb-c.h: %.proto
	@mkdir -p $(BUILD)/gen
	$(PROTOC) --c_out=$(BUILD)/gen $<

$(BUILD)/gen/store/fold.pb-c.c: store/entry.proto

$(EMBEDDED): plans/catalogue.yaml
	@mkdir -p $(@D)
	@{ echo '#include <stddef.h>'; echo 'extern const unsigned char catalogue_yaml[];'; \
	   echo 'extern const size_t catalogue_yaml_len;'; \
	   echo 'const unsigned char catalogue_yaml[] = {'; \
	   od -An -v -tx1 $< | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'; \
	   echo '0};'; echo 'const size_t catalogue_yaml_len = sizeof catalogue_yaml - 1;'; } > $@

# The pages, their scripts and styles: one C file, made by Node, which nobody needs later.
WEB_PAGES := $(shell find client/web/pages client/web/po client/web/*.mjs -type f 2>/dev/null)
ifdef WEB_ASSETS
$(BUILD)/gen/web_assets.c: $(WEB_ASSETS)
	@mkdir -p $(@D)
	cp $< $@
else
$(BUILD)/web/node_modules/.done: client/web/package.json client/web/package-lock.json
	@mkdir -p $(BUILD)/web
	cp client/web/package.json client/web/package-lock.json $(BUILD)/web
	cd $(BUILD)/web && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
$(BUILD)/gen/web_assets.c: $(WEB_PAGES) $(BUILD)/web/node_modules/.done
	node client/web/build.mjs $@ $(BUILD)/web/pages
endif

$(BUILD)/locale/%/LC_MESSAGES/madoguchi.mo: client/po/%.po
	@mkdir -p $(@D)
	msgfmt -c -o $@ $<

# ---- objects -------------------------------------------------------------------

$(BUILD)/obj/gen/%.o: $(BUILD)/gen/%.c | $(GEN_H)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) -w -MMD -MP -c -o $@ $<

$(BUILD)/obj/%.o: %.c | $(GEN_H)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(LIBPROTO): $(PROTO_OBJ)
$(LIBSTORE): $(STORE_OBJ)
$(DAEMONLIB): $(filter-out %/main.o,$(DAEMON_OBJ))
$(CLIENTLIB): $(filter-out %/main.o,$(CLIENT_OBJ))
$(WEBLIB): $(filter-out %/main.o,$(WEB_OBJ))
%.a:
	@rm -f $@
	ar rcs $@ $^

LINK = $(CC) $(CFLAGS) $(LDFLAGS) -o $@

$(BUILD)/madoguchid: $(BUILD)/obj/daemon/main.o $(DAEMONLIB) $(LIBSTORE) $(LIBPROTO)
	$(LINK) $^ $(PKG_LIBS)

$(BUILD)/madoguchi: $(BUILD)/obj/client/main.o $(CLIENTLIB) $(LIBPROTO)
	$(LINK) $^ $(PKG_LIBS)

$(BUILD)/madoguchi-web: $(BUILD)/obj/client/web/main.o $(WEBLIB) $(CLIENTLIB) $(LIBPROTO)
	$(LINK) $^ $(WEB_LIBS) $(PKG_LIBS)

# ---- tests ---------------------------------------------------------------------

# Loaded into the daemon by a test, so without the sanitizers.
PRELOADS  := $(patsubst tests/preload/%.c,$(BUILD)/tests/%.so,$(wildcard tests/preload/*.c))
$(PRELOADS): $(BUILD)/tests/%.so: tests/preload/%.c $(wildcard tests/preload/*.h)
	@mkdir -p $(@D)
	$(CC) -D_GNU_SOURCE -std=gnu17 -O2 $(WARNINGS) -fPIC -shared -o $@ $<
$(TESTS): | $(PRELOADS)

# The calls that this program makes fail.
WRAPPED   := malloc calloc realloc reallocarray strdup strndup mdb_env_create mdb_env_open \
             mdb_env_sync mdb_dbi_open mdb_txn_begin mdb_txn_commit mdb_get mdb_cursor_put \
             mdb_del mdb_cursor_open mdb_cursor_get
$(BUILD)/tests/test_nth: LDFLAGS += $(WRAPPED:%=-Wl,--wrap=%)

$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(TESTLIB_OBJ) $(DAEMONLIB) $(CLIENTLIB) $(LIBSTORE) $(LIBPROTO)
	@mkdir -p $(@D)
	$(LINK) $^ $(CHECK_LIBS) $(PKG_LIBS)

.PHONY: check-run check-tsan
# LibreOffice opens the workbooks of tests/test_report_xlsx.c, Chromium the pages; nothing
# else has a use for them.
check: deps
	@command -v chromium >/dev/null || \
	    sh tests/deps.sh "" "--no-install-recommends chromium fonts-noto-cjk" chromium
	@command -v soffice >/dev/null || \
	    sh tests/deps.sh "" "--no-install-recommends libreoffice-calc-nogui" soffice
	@$(MAKE) --no-print-directory check-run
check-run: all $(TESTS) $(REPLAYS)
	@BUILD=$(BUILD) JOBS=$(TESTJOBS) sh tests/run.sh $(SLOWEST) $(TESTS) \
	    $(filter-out $(SLOWEST),$(SCRIPTS))

# What takes minutes: all of the plans' filters dropped one by one, the five
# cities with the sanitizers, the faults at length.
check-long: check
	NTH_ALL=1 BUILD=$(BUILD) $(BUILD)/tests/test_nth
	POWER_CUTS=6000 BUILD=$(BUILD) $(BUILD)/tests/test_power
	NTH_ALL=1 BUILD=$(BUILD) $(BUILD)/tests/test_nth_daemon
	NTH_ALL=1 BUILD=$(BUILD) $(BUILD)/tests/test_nth_client
	NTH_ALL=1 BUILD=$(BUILD) $(BUILD)/tests/test_nth_tls
	SLOW_MS=5000 BUILD=$(BUILD) $(BUILD)/tests/test_slow_disk
	WATCHDOG_FLUSH_MS=5000 BUILD=$(BUILD) $(BUILD)/tests/test_watchdog
	WATCHDOG_FLUSH_MS=20000 BUILD=$(BUILD) $(BUILD)/tests/test_watchdog
	MODEL_STEPS=10000 BUILD=$(BUILD) $(BUILD)/tests/test_model
	SOAK_SECONDS=1800 BUILD=$(BUILD) $(BUILD)/tests/test_soak
	CRASH_ROUNDS=1000 BUILD=$(BUILD) $(BUILD)/tests/test_crash
	python3 plans/ledgers/check.py
	BROWSER=long BUILD=$(BUILD) sh tests/check_browser.sh
	BUILD=$(BUILD) python3 tests/check_cities.py --mutate
	@$(MAKE) --no-print-directory asan LONG=1
	@$(MAKE) --no-print-directory check-bundle

ASAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
TSAN_FLAGS := -fsanitize=thread -fno-omit-frame-pointer

# What `make check` tries at random is tried less often here; and LibreOffice opens no
# workbooks: test_web makes one.
asan: $(BUILD)/gen/web_assets.c
	@$(if $(LONG),,POWER_CUTS=100 MODEL_STEPS=150) $(MAKE) --no-print-directory BUILD=$(BUILD)-asan WEB_ASSETS=$< OPT='-O1 -g' FORTIFY= WERROR= \
	    SKIP=$(if $(LONG),,test_report_xlsx) SANITIZE='$(ASAN_FLAGS)' SCRIPTS='$(if $(LONG),$(SCRIPTS),tests/check_fuzz.sh)' check-run

# Threads: the daemon with its pool, and readers beside the writer.
TSAN_TESTS := $(filter %/test_backup %/test_daemon %/test_daemon_limits %/test_daemon_put %/test_follow %/test_login %/test_login_tries %/test_pool %/test_journal %/test_soak %/test_tls_daemon %/test_tls_hostile %/test_watchdog,$(TESTS))
tsan: $(BUILD)/gen/web_assets.c
	@$(MAKE) --no-print-directory BUILD=$(BUILD)-tsan WEB_ASSETS=$< OPT='-O1 -g' FORTIFY= WERROR= \
	    SANITIZE='$(TSAN_FLAGS)' check-tsan
check-tsan: all $(TSAN_TESTS)
	@BUILD=$(BUILD) JOBS=$(TESTJOBS) sh tests/run.sh $(TSAN_TESTS)

# ---- fuzzing ---------------------------------------------------------------------

# The corpora replayed as tests, with any compiler: tests/check_fuzz.sh.
$(FUZZKIT): $(call obj,$(filter-out %/replay.c %/seeds.c,$(filter-out tests/fuzz/fuzz_%.c,$(call src,tests/fuzz))))
FUZZ_LIBS := $(FUZZKIT) $(WEBLIB) $(DAEMONLIB) $(CLIENTLIB) $(LIBSTORE) $(LIBPROTO)
$(REPLAYS): $(BUILD)/tests/replay_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o \
            $(BUILD)/obj/tests/fuzz/replay.o $(FUZZ_LIBS)
	@mkdir -p $(@D)
	$(LINK) $^ $(WEB_LIBS) $(PKG_LIBS)

# Bytes to begin with, for a corpus made anew: build/tests/fuzz_seeds FOLDER.
$(BUILD)/tests/fuzz_seeds: $(BUILD)/obj/tests/fuzz/seeds.o $(FUZZ_LIBS)
	@mkdir -p $(@D)
	$(LINK) $^ $(WEB_LIBS) $(PKG_LIBS)

# libFuzzer: `make fuzz FUZZ="frame yaml" FUZZ_SECONDS=600`.  What is found lies
# in build/fuzz/findings and makes the target fail; so do the files of the corpora.
# AFL++: `make fuzz-build BUILD=build/afl FUZZ_CC=afl-clang-fast`, then
# afl-fuzz -i tests/fuzz/corpus/frame -o build/afl/out -- build/afl/frame
FUZZ_CC    ?= clang
FUZZ_FLAGS := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
              -fno-omit-frame-pointer
FUZZERS    := $(FUZZ:%=$(BUILD)/%)
.PHONY: fuzz-build fuzz-programs
$(FUZZERS): $(BUILD)/%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(FUZZ_LIBS)
	$(LINK) -fsanitize=fuzzer $^ $(WEB_LIBS) $(PKG_LIBS)
fuzz-programs: $(FUZZERS)
fuzz-build:
	@$(MAKE) --no-print-directory CC='$(FUZZ_CC)' OPT='-O1 -g' FORTIFY= SANITIZE='$(FUZZ_FLAGS)' \
	    fuzz-programs
fuzz: deps
	@command -v clang >/dev/null || sh tests/deps.sh "" "clang libclang-rt-14-dev" clang
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz FUZZ='$(FUZZ)' fuzz-build
	@FUZZ_SECONDS=$(FUZZ_SECONDS) BUILD=$(BUILD)/fuzz sh tests/fuzz/run.sh $(FUZZ)

demo: deps
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) sh plans/demo.sh
demo-stop:
	@BUILD=$(BUILD) sh plans/demo-stop.sh

run: all
	@BUILD=$(BUILD) sh plans/run.sh

# Speed and memory.  What a bench makes lies in $(BUILD)/bench, PostgreSQL's
# generator only where libpq is installed.
BENCH_OBJ := $(call obj,$(call src,tests/bench))
BENCH_PG  := $(if $(shell pkg-config --exists libpq 2>/dev/null && echo yes),$(BUILD)/bench/pgload)
BENCH     := $(BUILD)/bench/load $(BUILD)/bench/floor $(BENCH_PG)
.PHONY: bench-tls bench-web bench-logins bench-peers bench-growth capacity
bench: all $(BENCH)
	@BUILD=$(BUILD) sh tests/bench/run.sh
bench-tls: all $(BENCH)
	@BUILD=$(BUILD) sh tests/bench/tls.sh
bench-web: all $(BENCH)
	@BUILD=$(BUILD) sh tests/bench/web.sh
bench-logins: all $(BENCH)
	@BUILD=$(BUILD) sh tests/bench/logins.sh
bench-peers: all $(BENCH)
	@BUILD=$(BUILD) sh tests/bench/peers.sh
bench-growth: all $(BENCH)
	@BUILD=$(BUILD) sh tests/bench/growth.sh
capacity:
	@sh tests/bench/capacity.sh
$(BUILD)/bench/load: $(BENCH_OBJ) $(LIBPROTO)
	@mkdir -p $(@D)
	$(LINK) $^ $(PKG_LIBS)
$(BUILD)/bench/floor: $(BUILD)/obj/tests/bench/floor/floor.o $(LIBPROTO)
	@mkdir -p $(@D)
	$(LINK) $^ $(PKG_LIBS)
$(BUILD)/bench/pgload: $(BUILD)/obj/tests/bench/postgres/load.o \
    $(addprefix $(BUILD)/obj/tests/bench/,account.o cases.o die.o measure.o times.o) $(LIBPROTO)
	@mkdir -p $(@D)
	$(LINK) $^ $$(pkg-config --libs libpq) $(PKG_LIBS)
$(BUILD)/obj/tests/bench/postgres/load.o: PKG_CFLAGS += $(shell pkg-config --cflags libpq 2>/dev/null)

SOURCES := $(foreach d,proto store daemon client client/web tests tests/bench tests/bench/floor tests/bench/postgres tests/fuzz tests/preload tests/confine,$(wildcard $(d)/*.c $(d)/*.h))
lint: deps
	@command -v clang-tidy cppcheck clang-format >/dev/null || \
	    sh tests/deps.sh "" "clang-tidy cppcheck clang-format" clang-tidy cppcheck clang-format
	@$(MAKE) --no-print-directory lint-run
.PHONY: lint-run
lint-run: $(GEN_H)
	clang-format --dry-run -Werror $(SOURCES)
	cppcheck -j $(JOBS) --quiet --error-exitcode=1 --inline-suppr --std=c11 -D_GNU_SOURCE \
	    --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches \
	    --enable=warning,performance,portability -I. $(foreach d,proto store daemon client,$(d))
	@printf '%s\n' $(foreach d,proto store daemon client client/web,$(wildcard $(d)/*.c)) | xargs -P $(JOBS) -n 8 sh -c \
	    'clang-tidy --quiet "$$@" -- -std=gnu17 $(subst ','"'"',$(CPPFLAGS)) $(PKG_CFLAGS) 2>/dev/null' tidy

format:
	@clang-format --version | grep -q 'version 14\.' || { echo 'clang-format 14 is needed'; exit 1; }
	clang-format -i $(SOURCES)

# The sample ledgers of the five cities; their files are kept in the tree.
ledgers:
	python3 plans/ledgers/make.py

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin \
	    $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man5 \
	    $(DESTDIR)$(PREFIX)/share/man/man7 $(DESTDIR)$(PREFIX)/share/man/man8 \
	    $(DESTDIR)$(PREFIX)/share/madoguchi/plans $(DESTDIR)$(LOCALEDIR) \
	    $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(UNITDIR) \
	    $(DESTDIR)$(PREFIX)/lib/sysusers.d $(DESTDIR)$(PREFIX)/lib/tmpfiles.d
	install -m 755 $(BUILD)/madoguchi $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(BUILD)/madoguchid $(BUILD)/madoguchi-web $(DESTDIR)$(PREFIX)/sbin
	install -m 644 client/madoguchi.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 plans/madoguchi-plan.5 client/madoguchi-import.5 store/madoguchi-journal.5 \
	    $(DESTDIR)$(PREFIX)/share/man/man5
	install -m 644 proto/madoguchi-protocol.7 $(DESTDIR)$(PREFIX)/share/man/man7
	install -m 644 daemon/madoguchid.8 client/web/madoguchi-web.8 $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 644 plans/*.yaml proto/*.proto $(DESTDIR)$(PREFIX)/share/madoguchi/plans
	install -m 644 client/completion/madoguchi.bash \
	    $(DESTDIR)$(PREFIX)/share/bash-completion/completions/madoguchi
	install -d $(DESTDIR)$(PREFIX)/share/doc/madoguchid/examples
	install -m 644 systemd/*.example systemd/*-example.conf \
	    $(DESTDIR)$(PREFIX)/share/doc/madoguchid/examples
	install -m 755 systemd/madoguchi-drill $(DESTDIR)$(PREFIX)/sbin
	for unit in systemd/*.service systemd/*.socket systemd/*.timer; do \
	    sed 's|/usr/local/sbin|$(PREFIX)/sbin|; s|/usr/local/bin|$(PREFIX)/bin|' $$unit \
	        > $(DESTDIR)$(UNITDIR)/$${unit#systemd/}; done
	install -m 644 systemd/madoguchi.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/madoguchi.conf
	install -m 644 systemd/madoguchi.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/madoguchi.conf
	cp -R $(BUILD)/locale/. $(DESTDIR)$(LOCALEDIR)/

# ---- packages -----------------------------------------------------------------------

deb: $(BUILD)/gen/web_assets.c
	@sh tests/deps.sh "" "debhelper lintian dpkg-dev" dh lintian dpkg-buildpackage
	@BUILD=$(BUILD) JOBS=$(JOBS) DEBIAN='$(DEBIAN)' sh bundle/deb.sh
bundle: deb
	@BUILD=$(BUILD) VERSION=$(VERSION) sh bundle/make.sh
check-bundle: bundle
	@sh tests/deps.sh "" "debootstrap" debootstrap
	@BUILD=$(BUILD) VERSION=$(VERSION) sh bundle/check.sh

clean:
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-tsan

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
