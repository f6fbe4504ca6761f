/// The look of the pages: calm, one accent, colour only where it says something. Nothing that is there without JavaScript is hidden without it.
let styleSheetText = #"""
    :root {
        color-scheme: light dark;
        --ground: #f4f6f8; --surface: #ffffff; --sunken: #f0f3f6; --line: #e1e6ec; --ink: #17202b; --quiet: #566272;
        --accent: #1c5d99; --focus: #1c5d99;
        --success: #157048; --failed: #c62f2f; --in-progress: #1d66c9; --pending: #8a5700; --scheduled: #52647a;
        --blocked: #7346c4; --cancelled: #5d6571; --skipped: #5d6571; --idle: #5d6571;
        --shadow: 0 1px 2px rgb(23 32 43 / 5%), 0 2px 8px rgb(23 32 43 / 4%);
        --mono: ui-monospace, "SFMono-Regular", "Cascadia Mono", "JetBrains Mono", Menlo, Consolas,
            "DejaVu Sans Mono", monospace;
    }
    @media (prefers-color-scheme: dark) {
        :root {
            --ground: #0e131a; --surface: #161d26; --sunken: #121820; --line: #28323f; --ink: #e6ecf3; --quiet: #9aa8b9;
            --accent: #7cb8f2; --focus: #9accff;
            --success: #4cc38a; --failed: #ff7b78; --in-progress: #6cb2ff; --pending: #e5b454; --scheduled: #a4b4c8;
            --blocked: #b89bf5; --cancelled: #939eac; --skipped: #939eac; --idle: #939eac;
            --shadow: none;
        }
    }
    * { box-sizing: border-box; }
    body {
        margin: 0; background: var(--ground); color: var(--ink);
        font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans",
            "Liberation Sans", sans-serif;
        font-variant-numeric: tabular-nums; -webkit-text-size-adjust: 100%;
    }
    a { color: var(--accent); text-decoration: none; }
    a:hover { text-decoration: underline; }
    :focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 4px; }
    code { font-family: var(--mono); font-size: .88em; }
    .quiet { color: var(--quiet); }
    .aside {
        position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
    }
    .skip { position: absolute; left: 1rem; top: -4rem; padding: .5rem 1rem; background: var(--surface); z-index: 2; }
    .skip:focus { top: .5rem; }

    .top {
        display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1.5rem; min-height: 3.5rem;
        padding: .5rem max(1.25rem, calc((100% - 76rem) / 2 + 1.25rem)); background: var(--surface);
        border-bottom: 1px solid var(--line);
    }
    .brand {
        display: flex; align-items: center; gap: .6rem; color: var(--ink); font-weight: 650; font-size: 1.05rem;
        letter-spacing: -.01em;
    }
    .brand:hover { text-decoration: none; }
    .brand svg { width: 1.9rem; height: 1.9rem; }
    .top nav { display: flex; flex-wrap: wrap; gap: .15rem; }
    .top nav a { padding: .35rem .7rem; border-radius: 7px; color: var(--quiet); font-weight: 500; }
    .top nav a:hover { background: var(--sunken); color: var(--ink); text-decoration: none; }
    .top nav a[aria-current] { background: var(--sunken); color: var(--ink); }
    .refresh {
        display: flex; align-items: center; gap: .6rem; margin: 0 0 0 auto; color: var(--quiet); font-size: .87rem;
    }
    .refresh span::before {
        content: ""; display: inline-block; width: .5rem; height: .5rem; margin-right: .5rem; border-radius: 50%;
        background: var(--success);
    }
    .refresh.off span::before { background: none; box-shadow: inset 0 0 0 1.5px var(--quiet); }
    .refresh a { padding: .15rem .6rem; border: 1px solid var(--line); border-radius: 6px; }

    main, .bottom { max-width: 76rem; margin: 0 auto; padding: 1.5rem 1.25rem; }
    .bottom { padding-top: 0; color: var(--quiet); font-size: .82rem; }
    .bottom p { margin: .2rem 0; }
    h1 {
        margin: 0; font-size: 1.5rem; font-weight: 650; letter-spacing: -.02em; line-height: 1.25;
        overflow-wrap: anywhere;
    }
    main > h1 { margin-bottom: 1rem; }
    h2 { margin: 0 0 .6rem; font-size: 1rem; font-weight: 620; letter-spacing: -.005em; }
    section { margin: 0 0 1.75rem; min-width: 0; }
    .heading { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1rem; margin-bottom: 1rem; }
    .trail { margin: 0 0 .4rem; color: var(--quiet); font-size: .9rem; }
    .more { margin: .6rem 0 0; font-size: .92rem; }
    .columns { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 0 1.5rem; }
    .card, .running, .empty, table, .timeline {
        background: var(--surface); border: 1px solid var(--line); border-radius: 12px; box-shadow: var(--shadow);
    }
    .card { padding: 1rem 1.15rem; }
    .card > :first-child { margin-top: 0; }
    .card > :last-child { margin-bottom: 0; }
    .empty { margin: 0; padding: 1.25rem; color: var(--quiet); }
    .cards {
        display: grid; grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); gap: 1rem;
        margin: 0 0 1.75rem;
    }
    .cards .card { margin: 0; }
    .card > .heading { justify-content: space-between; margin-bottom: .6rem; }
    .card > .heading h2 { margin: 0; font-size: 1.05rem; overflow-wrap: anywhere; min-width: 0; }
    .cards .facts { grid-template-columns: minmax(0, 1fr); }
    .cards .facts div { grid-template-columns: 6.8rem minmax(0, 1fr); }

    .health {
        display: grid; grid-template-columns: auto minmax(0, auto) minmax(0, 1fr); align-items: center;
        gap: .6rem 1rem; margin-bottom: 1.25rem; padding: .9rem 1.15rem; border: 1px solid var(--line);
        border-left: 4px solid var(--tone); border-radius: 12px; background: var(--surface); box-shadow: var(--shadow);
    }
    .health p { margin: 0; }
    .lamp { width: 2.3rem; height: 2.3rem; }
    .lamp circle { fill: var(--tone); }
    .lamp path {
        fill: none; stroke: var(--surface); stroke-width: 2.2; stroke-linecap: round; stroke-linejoin: round;
    }
    .verdict { font-size: 1.15rem; font-weight: 650; letter-spacing: -.01em; line-height: 1.3; }
    .health .quiet { font-size: .9rem; }
    .health ul {
        margin: 0 0 0 auto; padding: 0 0 0 1.25rem; border-left: 1px solid var(--line); list-style: none;
        font-size: .92rem;
    }
    .health li { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: .6rem; overflow-wrap: anywhere; }
    .health li::before {
        content: ""; width: .5rem; height: .5rem; margin-top: .5rem; border-radius: 50%; background: var(--tone);
    }
    .health li.success::before { background: none; box-shadow: inset 0 0 0 1.5px var(--quiet); }
    .health li.failed::before { border-radius: 1px; transform: rotate(45deg) scale(.9); }

    .tiles {
        display: grid; grid-template-columns: repeat(8, minmax(0, 1fr)); gap: .75rem; margin: 0 0 1.75rem;
        padding: 0; list-style: none;
    }
    .tile {
        display: block; height: 100%; padding: .8rem .9rem .7rem; background: var(--surface);
        border: 1px solid var(--line);
        border-top: 3px solid var(--tone, var(--line)); border-radius: 10px; box-shadow: var(--shadow);
        color: var(--ink);
    }
    .tile:hover { text-decoration: none; border-color: var(--tone, var(--quiet)); }
    .tile .count { display: block; font-size: 1.6rem; font-weight: 640; line-height: 1.15; letter-spacing: -.02em; }
    .tile .name { color: var(--tone, var(--quiet)); font-size: .68rem; font-weight: 640; letter-spacing: .05em; }
    .tile.none .count { color: var(--quiet); font-weight: 500; }

    .success { --tone: var(--success); } .failed { --tone: var(--failed); } .in-progress { --tone: var(--in-progress); }
    .pending { --tone: var(--pending); } .scheduled { --tone: var(--scheduled); } .blocked { --tone: var(--blocked); }
    .cancelled { --tone: var(--cancelled); } .skipped { --tone: var(--skipped); } .idle { --tone: var(--idle); }
    .badge {
        display: inline-flex; align-items: center; gap: .4rem; padding: .1rem .55rem .1rem .5rem; border-radius: 99px;
        background: color-mix(in srgb, var(--tone) 12%, transparent); color: var(--tone);
        font-size: .74rem; font-weight: 620; letter-spacing: .02em; line-height: 1.5; white-space: nowrap;
    }
    .badge::before { content: ""; width: .5rem; height: .5rem; border-radius: 50%; background: currentcolor; }
    .badge.skipped::before, .badge.idle::before, .badge.scheduled::before {
        background: none; box-shadow: inset 0 0 0 1.5px currentcolor;
    }
    .badge.failed::before { border-radius: 1px; transform: rotate(45deg) scale(.9); }
    .badge.cancelled::before { height: .2rem; border-radius: 1px; }
    .badge.in-progress::before { animation: breathe 2s ease-in-out infinite; }
    @keyframes breathe { 50% { opacity: .35; } }
    @media (prefers-reduced-motion: reduce) { * { animation: none !important; } }
    .marks { display: inline-flex; flex-wrap: wrap; gap: .3rem; }
    .plain:hover { text-decoration: none; }

    .strip {
        display: flex; align-items: flex-end; gap: 3px; height: 1.5rem; margin: 0; padding: 0; list-style: none;
        overflow: hidden;
    }
    .strip li { display: flex; align-items: flex-end; flex: 0 1 .5rem; min-width: 3px; height: 100%; }
    .run { display: block; width: 100%; height: 62%; border-radius: 2px; background: var(--tone); }
    .run.failed { height: 100%; }
    .run.in-progress { height: 62%; animation: breathe 2s ease-in-out infinite; }
    .run.skipped, .run.cancelled, .run.scheduled, .run.pending, .run.blocked {
        height: 30%; background: none; box-shadow: inset 0 0 0 1.5px var(--tone);
    }
    .run.cancelled { background: var(--tone); }
    .run:hover { filter: brightness(1.2); }
    .card > .strip { height: 2rem; margin-bottom: 1rem; }
    .card > .strip li { flex: 1 1 .5rem; max-width: 1.2rem; }

    .figures { margin: 0 0 .9rem; }
    .figures strong { font-weight: 640; }
    .figures .failed { color: var(--tone); }
    .charts { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1rem 2rem; }
    figure { margin: 0; min-width: 0; }
    figcaption { margin-bottom: .4rem; color: var(--quiet); font-size: .82rem; font-weight: 560; }
    .plot { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: .25rem .6rem; }
    .axis {
        display: flex; flex-direction: column; justify-content: space-between; margin: 0; color: var(--quiet);
        font-size: .75rem; line-height: 1; text-align: right; white-space: nowrap;
    }
    .chart {
        display: block; width: 100%; height: 5.5rem; overflow: visible;
        background: linear-gradient(var(--line) 1px, transparent 1px) 0 0 / 100% 50% repeat-y;
        border-bottom: 1px solid var(--line);
    }
    .chart rect { fill: var(--tone, var(--line)); }
    .chart .spread { fill: color-mix(in srgb, var(--in-progress) 38%, transparent); }
    .chart .median { fill: var(--in-progress); }
    .chart g:hover rect { filter: brightness(1.25); }
    .scale {
        display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); position: relative; grid-column: 2; margin: 0;
        color: var(--quiet); font-size: .75rem;
    }
    .scale span:last-child { position: absolute; right: 0; }
    .numbers { margin-top: .9rem; font-size: .9rem; }
    summary { width: fit-content; color: var(--accent); cursor: pointer; }
    .numbers table { margin-top: .6rem; box-shadow: none; }

    .timeline { padding: .9rem 1.15rem 1rem; --name: 15rem; }
    .legend { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; margin: 0 0 .8rem; color: var(--quiet); font-size: .85rem; }
    .legend span { display: inline-flex; align-items: center; gap: .4rem; }
    .legend span::before { content: ""; width: .8rem; height: .7rem; border-radius: 2px; background: var(--tone); }
    .legend .skipped::before { background: none; box-shadow: inset 0 0 0 1.5px var(--tone); }
    .legend .due::before { width: .25rem; background: var(--scheduled); }
    .hours {
        display: grid; grid-template-columns: repeat(8, minmax(0, 1fr)); margin: 0 0 .35rem calc(var(--name) + 1rem);
        color: var(--ink); font-size: .75rem; white-space: nowrap;
    }
    .hours > span { overflow: hidden; }
    .lanes { margin: 0; padding: 0; list-style: none; }
    .lanes li {
        display: grid; grid-template-columns: var(--name) minmax(0, 1fr); align-items: center; gap: 0 1rem;
        padding: .3rem 0; border-top: 1px solid var(--line);
    }
    .lanes .name { margin: 0; font-weight: 560; line-height: 1.3; overflow-wrap: anywhere; }
    .lanes .badge { margin-left: .5rem; font-weight: 620; }
    .lanes .quiet { display: block; font-size: .8rem; font-weight: 400; }
    .lane {
        display: block; width: 100%; height: 2.2rem; border-radius: 4px; background-color: var(--sunken);
        background-image: linear-gradient(to right, var(--line) 1px, transparent 1px); background-size: 12.5% 100%;
    }
    .lane rect {
        fill: var(--tone, var(--line)); stroke: var(--tone); stroke-width: 1.2px; vector-effect: non-scaling-stroke;
    }
    .lane .run { background: none; animation: none; }
    .lane .run:is(.skipped, .cancelled, .scheduled, .pending, .blocked) { box-shadow: none; }
    .lane .block rect { opacity: .75; }
    .lane .due { --tone: var(--scheduled); }
    .lane .due.paused rect { opacity: .35; }
    .lane .due.band rect { opacity: .3; }
    .lane .now { fill: var(--accent); stroke: var(--accent); }
    .lane :is(a, g):hover rect { filter: brightness(1.25); }

    .coming { margin: 0; padding: .4rem 1.15rem; list-style: none; }
    .coming li { display: flex; justify-content: space-between; gap: 1rem; padding: .3rem 0; }
    .coming li + li { border-top: 1px solid var(--line); }
    .coming a { font-weight: 560; overflow-wrap: anywhere; }

    .depths {
        display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: .5rem; margin: 0 0 .9rem; padding: 0;
        list-style: none;
    }
    .depth {
        display: block; padding: .4rem .6rem; border-radius: 8px; background: var(--sunken); color: var(--ink);
        border-left: 3px solid var(--tone, var(--line));
    }
    .depth:hover { text-decoration: none; background: var(--line); }
    .depth .count { display: block; font-size: 1.2rem; font-weight: 640; line-height: 1.2; }
    .depth .name { color: var(--tone, var(--quiet)); font-size: .66rem; font-weight: 640; letter-spacing: .03em; }
    .depth.none .count { color: var(--quiet); font-weight: 500; }
    .processed { margin: 0 0 .6rem; }
    .processed strong { font-size: 1.6rem; font-weight: 640; letter-spacing: -.02em; }

    .banner {
        position: sticky; bottom: 0; z-index: 3; display: flex; flex-wrap: wrap; align-items: center; gap: .4rem 1rem;
        padding: .7rem max(1.25rem, calc((100% - 76rem) / 2 + 1.25rem)); background: var(--surface);
        border-top: 3px solid var(--pending);
    }
    .banner.over { border-color: var(--failed); }
    .banner strong { color: var(--pending); letter-spacing: .06em; }
    .banner.over strong { color: var(--failed); }
    .corner { display: flex; align-items: center; gap: .6rem; margin-left: auto; font-size: .87rem; }
    .refresh + .corner { margin-left: 0; }
    form.control { display: inline-block; margin: 0; }
    form.control button { padding: .15rem .6rem; font-size: .87rem; }
    .does { display: inline-flex; flex-wrap: wrap; align-items: center; gap: .35rem .6rem; }
    .login { max-width: 26rem; margin: 2rem auto; }
    .login form { display: grid; gap: .9rem; }
    .login label { display: grid; gap: .25rem; font-weight: 500; }
    .login input {
        padding: .5rem .6rem; border: 1px solid var(--line); border-radius: 7px; background: var(--ground);
        color: var(--ink); font: inherit;
    }
    .banner button { margin-left: auto; }
    .banner[hidden] { display: none; }
    :root:is([data-live="reconnecting"], [data-live="lost"]) main { filter: grayscale(.85); }
    [data-live="reconnecting"] #connection::before { background: var(--pending); }
    [data-live="lost"] #connection::before { background: var(--failed); border-radius: 1px; }
    button {
        padding: .35rem .9rem; border: 1px solid var(--line); border-radius: 7px; background: var(--surface);
        color: var(--accent); font: inherit; font-weight: 560; cursor: pointer;
    }
    button:hover { background: var(--sunken); }
    .search { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; margin: 0 0 1rem; color: var(--quiet); }
    .search input {
        padding: .35rem .6rem; border: 1px solid var(--line); border-radius: 7px; background: var(--surface);
        color: inherit; font: inherit;
    }
    .toasts {
        position: fixed; right: 1.25rem; bottom: 1.25rem; z-index: 4; display: grid; gap: .5rem;
        width: min(22rem, calc(100vw - 2rem));
    }
    :root:is([data-live="reconnecting"], [data-live="lost"]) .toasts { bottom: 5rem; }
    .toast {
        display: flex; align-items: center; justify-content: space-between; gap: .75rem; padding: .55rem .5rem .55rem .9rem;
        border: 1px solid var(--line); border-left: 4px solid var(--tone, var(--quiet)); border-radius: 9px;
        background: var(--surface); box-shadow: 0 6px 24px rgb(0 0 0 / 18%); overflow-wrap: anywhere;
        animation: rise .18s ease-out;
    }
    .toast button { border: 0; padding: .1rem .5rem; color: var(--quiet); font-size: 1.1rem; line-height: 1.2; }
    @keyframes rise { from { opacity: 0; transform: translateY(.5rem); } }

    table { width: 100%; border-collapse: separate; border-spacing: 0; font-size: .92rem; overflow: hidden; }
    th, td {
        padding: .6rem .8rem; text-align: left; vertical-align: middle; border-top: 1px solid var(--line);
        font-weight: 400;
    }
    tbody th { font-weight: 560; }
    thead th {
        border-top: 0; background: var(--sunken); color: var(--quiet); font-size: .76rem; font-weight: 600;
        white-space: nowrap;
    }
    tr > :first-child { padding-left: 1.15rem; }
    tr > :last-child { padding-right: 1.15rem; }
    tbody tr:first-child > * { border-top: 1px solid var(--line); }
    tbody tr:hover > * { background: color-mix(in srgb, var(--accent) 4%, transparent); }
    .number { text-align: right; }
    td.text { white-space: nowrap; }
    .free, .wide, tbody th { overflow-wrap: anywhere; }
    .wide { width: 34%; }
    .jobs tbody th, .dispatches td.free { min-width: 11rem; }
    .jobs thead .wide { width: 24%; }
    table:not(:has(th:nth-child(3))) .wide { width: 70%; }
    time, .took, .last { white-space: nowrap; }
    .schedule code { white-space: nowrap; }
    .command, .short { overflow-wrap: anywhere; white-space: pre-wrap; }
    .short { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
    .took { display: inline-grid; gap: .15rem; min-width: 5.5rem; }
    .share { display: block; width: 100%; height: 3px; border-radius: 2px; background: var(--sunken); }
    .share rect { fill: color-mix(in srgb, var(--accent) 55%, transparent); }
    .late { color: var(--failed); }

    .running { margin: 0; padding: 0; list-style: none; }
    .running li { padding: .8rem 1.15rem; }
    .running li + li { border-top: 1px solid var(--line); }
    .line { display: flex; flex-wrap: wrap; gap: .2rem .5rem; font-weight: 560; }
    .line .far { margin-left: auto; font-weight: 400; color: var(--quiet); }
    .running .command { color: var(--quiet); }
    .progress {
        display: flex; flex-wrap: wrap; align-items: center; gap: .2rem .7rem; margin-top: .35rem;
        font-size: .88rem;
    }
    td .progress { margin: 0; }
    .card > .progress { margin-bottom: 1rem; }
    progress {
        flex: 1 1 8rem; max-width: 22rem; height: .5rem; border: 0; border-radius: 99px; background: var(--line);
        overflow: hidden; appearance: none;
    }
    progress::-webkit-progress-bar { background: var(--line); }
    progress::-webkit-progress-value { background: var(--in-progress); border-radius: 99px; }
    progress::-moz-progress-bar { background: var(--in-progress); border-radius: 99px; }
    .amount { font-weight: 600; }
    .filling .progress { margin: 0; }
    .filling progress::-webkit-progress-value { background: var(--tone); }
    .filling progress::-moz-progress-bar { background: var(--tone); }
    .online { margin: 0 0 .7rem; }
    .online strong { font-size: 1.3rem; font-weight: 640; }
    .warning { margin: 0 0 .3rem; color: var(--failed); font-weight: 560; }
    .why {
        margin: 0 0 1rem; padding: .6rem .8rem; border-left: 3px solid var(--accent); border-radius: 4px;
        background: var(--sunken);
    }

    .facts {
        display: grid; grid-template-columns: repeat(auto-fill, minmax(min(28rem, 100%), 1fr)); gap: .35rem 1.5rem;
        margin: 0;
    }
    .facts div { display: grid; grid-template-columns: 8rem minmax(0, 1fr); gap: .75rem; }
    .facts time { white-space: normal; }
    .facts dt { color: var(--quiet); }
    .facts dd { margin: 0; overflow-wrap: anywhere; }
    .facts div:has(.command) { grid-column: 1 / -1; }
    .slots { display: inline-flex; align-items: center; gap: .6rem; white-space: nowrap; }
    .squares { display: inline-flex; gap: 2px; }
    .squares i { width: .6rem; height: .6rem; border-radius: 2px; background: var(--in-progress); }
    .squares .free { background: none; box-shadow: inset 0 0 0 1.5px var(--line); }

    .filter { display: flex; flex-wrap: wrap; gap: .35rem; margin: 0 0 1rem; }
    .filter a {
        padding: .2rem .7rem; border: 1px solid var(--line); border-radius: 99px; background: var(--surface);
        color: var(--quiet); font-size: .78rem; font-weight: 560;
    }
    .filter a[aria-current] {
        border-color: var(--accent); color: var(--accent);
        background: color-mix(in srgb, var(--accent) 10%, var(--surface));
    }
    .chosen {
        display: flex; flex-wrap: wrap; gap: .5rem; margin: 0 0 1rem; padding: 0; list-style: none;
        font-size: .9rem;
    }
    .chosen li { padding: .15rem .7rem; border-radius: 6px; background: var(--sunken); border: 1px solid var(--line); }

    .log {
        max-height: 70vh; overflow: auto; border-radius: 12px; border: 1px solid #28323f; background: #0f151d;
        color: #d8e1eb;
    }
    .log table { border: 0; border-radius: 0; background: none; box-shadow: none; font: .82rem/1.5 var(--mono); }
    .log td { padding: .08rem .8rem; border: 0; vertical-align: top; }
    .log tr:first-child td { padding-top: .7rem; border: 0; }
    .log tr:last-child td { padding-bottom: .7rem; }
    .log .offset, .log .stream { width: 1%; color: #8493a5; text-align: right; user-select: none; white-space: nowrap; }
    .log .stream { padding: 0; text-align: left; }
    .log .text { white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 4; }
    .log .stderr .stream { color: #ffb86b; }
    .log .stderr .text { color: #ffd9ad; box-shadow: inset 2px 0 #ffb86b; }
    .log :is(.offset, .stream, .text) { line-height: 1.6; vertical-align: baseline; }
    .log .signalbox td { color: #9accff; font-style: italic; }

    .message { max-width: 34rem; margin: 10vh auto; text-align: center; }
    .message .code { margin: 0; color: var(--quiet); font-size: 3rem; font-weight: 300; }
    .message p { overflow-wrap: anywhere; }

    @media (max-width: 62rem) {
        .tiles { grid-template-columns: repeat(4, minmax(0, 1fr)); }
        .columns, .charts { grid-template-columns: minmax(0, 1fr); }
        .health { grid-template-columns: auto minmax(0, 1fr); }
        .health ul { grid-column: 1 / -1; margin: .2rem 0 0; padding: .6rem 0 0; border: 0; border-top: 1px solid var(--line); width: 100%; }
        .timeline { --name: 11rem; }
    }
    @media (max-width: 48rem) {
        main { padding: 1rem; }
        .top { padding: .5rem 1rem; }
        .top nav { order: 1; width: calc(100% + .8rem); margin: 0 -.4rem; justify-content: space-between; gap: 0; }
        .top nav a { padding: .3rem .4rem; font-size: .85rem; }
        .tiles { gap: .5rem; }
        .tile { padding: .6rem .65rem; }
        .tile .count { font-size: 1.25rem; }
        .tile .name { font-size: .6rem; letter-spacing: .02em; }
        .timeline { padding: .7rem .9rem; --name: 0rem; }
        .hours { margin-left: 0; }
        .hours > span:nth-child(even) { visibility: hidden; }
        .hours > span { overflow: visible; }
        .lanes li { grid-template-columns: minmax(0, 1fr); gap: .2rem; padding: .5rem 0; }
        .lanes .quiet { display: inline; margin-left: .5rem; }
        .lane { height: 1.6rem; }

        main table:not(.log table), main table:not(.log table) tbody { display: block; }
        main table:not(.log table) thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
        main table.lines:not(.log table) tr { display: block; padding: .7rem 1rem; }
        main table:not(.log table) tr + tr { border-top: 1px solid var(--line); }
        main table:not(.log table) :is(td, tbody th) { display: block; width: auto; padding: 0; border: 0; text-align: left; }
        main table.lines:not(.log table) :is(td, tbody th) {
            display: grid; grid-template-columns: 6.5rem minmax(0, 1fr); gap: .75rem; padding: .15rem 0;
        }
        main table.lines :is(td, tbody th)::before {
            content: attr(data-label); color: var(--quiet); font-weight: 400;
        }
        main table.lines:not(.log table) tbody th { display: block; font-size: 1.02rem; }
        main table.lines tbody th::before, main table.lines:not(.log table) td:empty { display: none; }
        td > .badge, td > .strip, td > code { justify-self: start; }
        td .strip { width: 100%; }

        main table.jobs tr, main table.dispatches tr {
            display: grid; align-items: center; gap: .3rem .75rem; padding: .75rem 1rem;
        }
        main table.jobs tr {
            grid-template: "job job state" "strip strip strip" "next last last" "schedule schedule schedule"
                / auto minmax(0, 1fr) auto;
        }
        main table.jobs th { grid-area: job; }
        main table:is(.jobs, .dispatches) :is(th, td) { min-width: 0; }
        main table.jobs td:nth-child(2) { grid-area: state; justify-self: end; }
        main table.jobs td:nth-child(3) { grid-area: schedule; font-size: .88rem; }
        main table.jobs td:nth-child(4) { grid-area: next; }
        main table.jobs td:nth-child(5) { grid-area: last; justify-self: end; }
        main table.jobs td:nth-child(6) { grid-area: strip; }
        main table.jobs td:nth-child(4):has(> time)::before { content: "next "; color: var(--quiet); }
        main table.dispatches tr {
            grid-template: "number what state" "when took result" / 5.5rem minmax(0, 1fr) auto;
        }
        main table.dispatches th { grid-area: number; }
        main table.dispatches td:nth-child(2) { grid-area: what; }
        main table.dispatches td:nth-child(3) { grid-area: state; justify-self: end; }
        main table.dispatches td:nth-child(4) { grid-area: when; color: var(--quiet); }
        main table.dispatches td:nth-child(5) { grid-area: took; }
        main table.dispatches td:nth-child(6) { grid-area: result; justify-self: end; }
        main table.dispatches tr:has(.progress) { grid-template-areas: "number what state" "when took took" "result result result"; }
        main table.dispatches td:has(.progress) { justify-self: stretch; }
        .log .offset { padding-left: .6rem; padding-right: .5rem; }
        .log .text { padding-left: .6rem; }
        .log .stream { position: absolute; width: 1px; overflow: hidden; clip-path: inset(50%); }
        .facts div { grid-template-columns: 6.5rem minmax(0, 1fr); }
        .toasts { right: 1rem; bottom: 1rem; }
    }
    @media (max-width: 26rem) {
        .tile { padding: .5rem .5rem; }
        .tile .count { font-size: 1.1rem; }
        .tile .name { font-size: .55rem; letter-spacing: 0; }
        .refresh { gap: .4rem; font-size: .8rem; }
        .top nav a { padding: .3rem .25rem; font-size: .8rem; }
        .scale span:nth-child(4) { visibility: hidden; }
    }
    @media (max-width: 24rem) {
        .top nav { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: .15rem; margin: 0; width: 100%; }
        .top nav a { font-size: .85rem; text-align: center; }
    }
    @media (forced-colors: active) {
        .run, .chart rect, .lane rect, .squares i, .lamp { forced-color-adjust: none; }
    }
    @media print {
        :root { --ground: #fff; --shadow: none; }
        .top nav, .refresh, .skip, .banner, .toasts, .filter, .more { display: none; }
        main, .bottom { max-width: none; padding: 0; }
        section, tr, li, .card { break-inside: avoid; }
        .run, .chart, .lane, .badge, .badge::before, .tile, progress, .log { print-color-adjust: exact; }
        .log { max-height: none; background: none; color: inherit; }
    }
    """#
