# bash completion for madoguchi.
# Commands and options come from `madoguchi --help`, codes from the catalogue
# of the daemon that is named by MADOGUCHI_SERVER (or the only one here).

_madoguchi_commands='log tally decline contact outcome refer close reopen correct void session
figure coverage month import show list stats report plan indicators prove publish restatements catalogue login logout whoami
passwd account audit status verify backup help'

_madoguchi_options() {
    LC_ALL=C madoguchi "$@" --help 2>/dev/null | sed -n 's/^  \(--[a-z-]*\).*/\1/p'
    echo '--server --ca --cert --key --format --excel --on-behalf --terminal --visit --request-id --help'
}

# The codes of one list of the catalogue.
_madoguchi_codes() {
    madoguchi catalogue show --format csv 2>/dev/null | sed -n "s/^$1,\([^,]*\),.*/\1/p"
}

# The accounts, for whoever may see them.
_madoguchi_accounts() {
    madoguchi account list --format csv 2>/dev/null | sed '1d; s/,.*//'
}

_madoguchi_reply() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")
}

_madoguchi() {
    local current previous command='' member='' word i
    current=${COMP_WORDS[COMP_CWORD]}
    previous=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
        --server | --ca | --cert | --key | --format | --on-behalf | --terminal | --visit | --request-id) ((i++)) ;;
        -*) ;;
        *)
            if [[ -z $command ]]; then
                command=$word
            elif [[ -z $member ]]; then
                member=$word
            fi
            ;;
        esac
    done
    case $previous in
    --format)
        case $command in
        '' | status) _madoguchi_reply 'text csv json prometheus' && return ;;
        report) _madoguchi_reply 'text csv json xlsx' && return ;;
        *) _madoguchi_reply 'text csv json' && return ;;
        esac
        ;;
    --topic | --program | --office | --channel | --nature | --origin | --age | --route | --outcome | \
        --form | --venue-kind | --session-kind | --service)
        _madoguchi_reply "$(_madoguchi_codes "${previous#--}")" && return
        ;;
    --role)
        _madoguchi_reply 'clerk temporary counsellor supervisor planner auditor administrator' && return
        ;;
    --kind)
        _madoguchi_reply 'founding account login login-failed logout password password-reset refused
export backup certificate-refused correct void month-close catalogue plan publish' && return
        ;;
    --actor) _madoguchi_reply "$(_madoguchi_accounts)" && return ;;
    --password-file | --passwords | --output | -o) mapfile -t COMPREPLY < <(compgen -f -- "$current") && return ;;
    --why) _madoguchi_reply "$(_madoguchi_codes reason)" && return ;;
    --result) _madoguchi_reply "$(_madoguchi_codes outcome)" && return ;;
    --count)
        _madoguchi_reply 'contacts consultations cases active topics outcomes households persons
sessions attendees programs referrals refusals' && return
        ;;
    --by)
        _madoguchi_reply 'year month day hour service program office channel nature topic outcome route
origin age session_kind form venue venue_kind reason target' && return
        ;;
    esac
    case $command in
    '') _madoguchi_reply "$_madoguchi_commands --server --ca --cert --key --format --help --version" && return ;;
    session | figure | plan | catalogue | month | account)
        if [[ -z $member && $current != -* ]]; then
            case $command in
            session) _madoguchi_reply 'plan hold cancel' ;;
            figure) _madoguchi_reply 'set' ;;
            plan) _madoguchi_reply 'put list' ;;
            catalogue) _madoguchi_reply 'put show' ;;
            month) _madoguchi_reply 'close' ;;
            account)
                _madoguchi_reply 'list show add change disable enable password import rights'
                ;;
            esac
            return
        fi
        ;;
    esac
    if [[ $current == -* ]]; then
        case $command in
        session | figure | plan | catalogue | month | account)
            _madoguchi_reply "$(_madoguchi_options "$command" "$member")"
            ;;
        *) _madoguchi_reply "$(_madoguchi_options "$command")" ;;
        esac
        return
    fi
    case $command/$member in
    log/ | tally/ | decline/) _madoguchi_reply "$(_madoguchi_codes service)" ;;
    outcome/?*) _madoguchi_reply "$(_madoguchi_codes outcome)" ;;
    refer/?*) _madoguchi_reply "$(_madoguchi_codes target)" ;;
    session/plan | session/hold) _madoguchi_reply "$(_madoguchi_codes session-kind)" ;;
    report/) _madoguchi_reply 'monthly yearly five-years survey' ;;
    indicators/) _madoguchi_reply "$(madoguchi plan list --format csv 2>/dev/null | sed '1d; s/,.*//')" ;;
    backup/) mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
    account/show | account/change | account/disable | account/enable | account/password | login/)
        _madoguchi_reply "$(_madoguchi_accounts)"
        ;;
    import/ | account/import | plan/put | catalogue/put) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    esac
}

complete -F _madoguchi madoguchi
