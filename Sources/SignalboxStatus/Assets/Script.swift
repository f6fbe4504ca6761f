/// What the pages' JavaScript does, for browsers that have it: it keeps an open page as the store is. Nothing here is
/// needed to see anything: without it the browser loads the page anew every 5 seconds.
///
/// Markup never comes out of strings here: a newer page is loaded as a document and laid over the present one, and what
/// the script adds itself is built of elements and texts. The pages' Content-Security-Policy would refuse the rest.
let scriptText = #"""
    "use strict";
    (() => {
        // Tries to reconnect before it gives up, and the pauses between them, in milliseconds.
        const retryLimit = 8, firstPause = 500, longestPause = 15000;
        // After so long a connection counts as a good one, and its end as the first failure.
        const goodConnection = 10000;
        // Where there is no live feed the page is renewed as often as without JavaScript.
        const refreshPause = 5000;
        // The page is renewed no more often than this, and never for more than a fifth of the time.
        const leastPause = 400;
        const toastLimit = 4, toastTime = 7000, failedToastTime = 20000;

        const root = document.documentElement, page = document.body.dataset;
        const connection = document.getElementById("connection");

        // The server says something this often at least, in milliseconds, or it is not there.
        const longestSilence = 80000;

        // The newest change the page knows of, and when the server was last heard of, by its own clock.
        let since = page.sequence, heardAt = "some time ago";
        // The server's clock less ours, in milliseconds; null as long as nobody knows. What the page says of the time it
        // was made at is no help: the browser may have kept it.
        let skew = null;
        let socket = null, everOpened = false, failures = 0, retryTimer = 0, leaving = false;

        // ---- Times

        const twoDigits = (number) => String(number).padStart(2, "0");

        // The texts are those of TimeText.swift.
        function relativeText(milliseconds) {
            const seconds = Math.trunc(Math.abs(milliseconds) / 1000);
            if (seconds < 10) return milliseconds > 1000 ? "in a moment" : "just now";
            const amount = seconds < 60 ? Math.trunc(seconds / 10) * 10 + " s"
                : seconds < 3600 ? Math.trunc(seconds / 60) + " min"
                : seconds < 86400 ? Math.trunc(seconds / 3600) + " h"
                : Math.trunc(seconds / 86400) + " d";
            return milliseconds < 0 ? amount + " ago" : "in " + amount;
        }

        function uptimeText(milliseconds) {
            if (milliseconds < 60000) return "less than a minute";
            if (milliseconds < 3600000) return Math.trunc(milliseconds / 60000) + " min";
            return durationText(milliseconds);
        }

        function durationText(milliseconds) {
            const whole = Math.max(0, Math.trunc(milliseconds)), seconds = Math.trunc(whole / 1000);
            if (seconds < 1) return whole + " ms";
            if (seconds < 10) return seconds + "." + Math.trunc(whole % 1000 / 100) + " s";
            if (seconds < 60) return seconds + " s";
            if (seconds < 3600) return Math.trunc(seconds / 60) + " min " + twoDigits(seconds % 60) + " s";
            if (seconds < 86400) {
                return Math.trunc(seconds / 3600) + " h " + twoDigits(Math.trunc(seconds % 3600 / 60)) + " min";
            }
            return Math.trunc(seconds / 86400) + " d " + Math.trunc(seconds % 86400 / 3600) + " h";
        }

        // What is said of a time that is so far from now, by what the page wants said of it.
        const textOf = {
            relative: relativeText,
            elapsed: (distance) => durationText(-distance),
            uptime: (distance) => uptimeText(-distance),
        };

        const serverTime = () => Date.now() + skew;

        function tick() {
            if (document.hidden || skew === null) return;
            const now = serverTime();
            for (const time of document.querySelectorAll("time[data-tick]")) {
                const distance = Date.parse(time.dateTime) - now;
                const text = textOf[time.dataset.tick](distance);
                if (time.textContent !== text) time.textContent = text;
            }
        }

        // ---- Laying a newer page over this one: only what differs is touched, so that focus, selection, scrolling and
        // what is unfolded stay as they are.

        const keyOf = (node) => node.dataset?.key ?? "";
        const isAlike = (node, other) => node.nodeName === other.nodeName && keyOf(node) === keyOf(other);

        function morph(node, other) {
            if (node.nodeType !== Node.ELEMENT_NODE) {
                if (node.data !== other.data) node.data = other.data;
                return;
            }
            for (const { name, value } of other.attributes) {
                if (node.getAttribute(name) !== value) node.setAttribute(name, value);
            }
            for (const { name } of [...node.attributes]) {
                const isReaders = name === "open" && node.nodeName === "DETAILS";
                if (!other.hasAttribute(name) && !isReaders) node.removeAttribute(name);
            }
            morphChildren(node, other);
        }

        function morphChildren(node, other) {
            const keyed = new Map();
            for (const child of node.children) if (keyOf(child)) keyed.set(keyOf(child), child);
            let place = node.firstChild;
            for (const wanted of [...other.childNodes]) {
                const known = keyOf(wanted) ? keyed.get(keyOf(wanted)) : place;
                if (known && isAlike(known, wanted)) {
                    if (known === place) place = place.nextSibling;
                    else node.insertBefore(known, place);
                    morph(known, wanted);
                } else {
                    node.insertBefore(document.importNode(wanted, true), place);
                }
            }
            while (place) {
                const gone = place;
                place = place.nextSibling;
                gone.remove();
            }
        }

        const assetsOf = (page) => [...page.querySelectorAll("link[rel=stylesheet], script[src]")]
            .map((element) => element.getAttribute("href") ?? element.getAttribute("src")).join(" ");

        function lay(fresh) {
            // The server has been replaced by another version: this script may not understand its pages.
            if (fresh.body.dataset.sequence && assetsOf(fresh) !== assetsOf(document)) return location.reload();
            const focused = document.activeElement;
            const followed = [...document.querySelectorAll(".log")]
                .filter((log) => log.scrollHeight - log.scrollTop - log.clientHeight < 4);
            for (const region of document.querySelectorAll("[data-region]")) {
                const other = fresh.querySelector(`[data-region="${region.dataset.region}"]`);
                if (other) morph(region, other);
            }
            if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
            for (const log of followed) log.scrollTop = log.scrollHeight;
            if (document.title !== fresh.title) document.title = fresh.title;
            for (const name of ["sequence", "renew"]) {
                if (fresh.body.dataset[name]) page[name] = fresh.body.dataset[name];
            }
            tick();
        }

        // Every answer says what time it is, to the second.
        function readClock(date) {
            if (!date) return;
            skew = Date.parse(date) + 500 - Date.now();
            heard();
        }

        function heard() {
            if (skew !== null) heardAt = new Date(serverTime()).toISOString().slice(11, 19) + " UTC";
        }

        function load() {
            return new Promise((done, failed) => {
                const request = new XMLHttpRequest();
                request.open("GET", location.href);
                request.responseType = "document";
                request.timeout = 20000;
                request.onload = () => {
                    readClock(request.getResponseHeader("Date"));
                    request.response ? done(request) : failed();
                };
                request.onerror = request.ontimeout = request.onabort = failed;
                request.send();
            });
        }

        // ---- Renewing the page: at once when something has changed, and then no more often than is good for it

        let renewTimer = 0, renewing = false, isDue = false, renewedAt = 0, renewalTook = 0;

        function renewSoon() {
            isDue = true;
            if (renewing || renewTimer || document.hidden) return;
            const pause = Math.max(leastPause, 4 * renewalTook) - (Date.now() - renewedAt);
            renewTimer = setTimeout(renew, Math.max(20, pause));
        }

        async function renew() {
            renewTimer = 0;
            if (leaving || renewing) return;
            renewing = true;
            isDue = false;
            const begun = Date.now();
            try {
                const answer = await load();
                lay(answer.response);
                renewedBy(answer);
            } catch {
                // A server that is gone is noticed by the connection, and told of there.
                if (root.dataset.live === "clock") disconnected();
            }
            renewing = false;
            renewedAt = Date.now();
            renewalTook = renewedAt - begun;
            if (isDue) renewSoon();
        }

        let clockTimer = 0;

        // What comes next by the clock: the next refresh where there is no feed, or where the store could not be read;
        // else the time at which the page would look different though nothing changes in the store.
        function renewedBy(answer) {
            clearTimeout(clockTimer);
            if (root.dataset.live === "clock" || answer.status >= 500) {
                clockTimer = setTimeout(renewSoon, refreshPause);
            } else {
                renewInTime();
            }
            // A store that was put back to an earlier state counts from there.
            if (page.sequence && Number(page.sequence) < Number(since)) {
                since = page.sequence;
                socket?.close();
            }
            if (root.dataset.live === "clock") {
                failures = 0;
                hideBanner();
            }
        }

        function renewInTime() {
            const pause = Date.parse(page.renew) - serverTime();
            if (pause > 0) clockTimer = setTimeout(renewSoon, Math.min(pause + 1000, 86400000));
        }

        // ---- The connection

        function show(state) {
            root.dataset.live = state;
            const texts = {
                live: "Live", reconnecting: "Reconnecting…", lost: "Not connected", clock: "Refreshes every 5 s",
            };
            connection.textContent = texts[state];
        }

        let silenceTimer = 0;

        function connect() {
            const address = new URL("/live", location.href);
            address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
            address.searchParams.set("live", "on");
            for (const [name, value] of new URLSearchParams(page.feed)) address.searchParams.set(name, value);
            if (since !== undefined) address.searchParams.set("since", since);
            let openedAt = 0;
            socket = new WebSocket(address);
            socket.onopen = () => {
                openedAt = Date.now();
                opened();
            };
            socket.onmessage = (event) => {
                heard();
                clearTimeout(silenceTimer);
                silenceTimer = setTimeout(() => socket?.close(), longestSilence);
                receive(JSON.parse(event.data));
            };
            socket.onclose = () => {
                socket = null;
                clearTimeout(silenceTimer);
                if (openedAt && Date.now() - openedAt > goodConnection) failures = 0;
                disconnected();
            };
        }

        function opened() {
            everOpened = true;
            show("live");
            hideBanner();
            // The feed goes on from the page's state of the store. Of what runs it tells only what moves from now on.
            renewSoon();
        }

        // The page first, for what is no change of state, and for a store that was replaced meanwhile; then the feed, which
        // tells what happened since the last of it.
        async function reconnect() {
            retryTimer = 0;
            try {
                const answer = await load();
                lay(answer.response);
                renewedBy(answer);
                connect();
            } catch {
                disconnected();
            }
        }

        function disconnected() {
            if (leaving) return;
            failures += 1;
            if (failures > retryLimit) return lost();
            const pause = Math.min(longestPause, firstPause * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
            if (everOpened) {
                show("reconnecting");
                showBanner("The connection is lost. Reconnecting…", false);
                retryTimer = setTimeout(reconnect, pause);
            } else {
                refreshByClock(pause);
            }
        }

        // This server has no live feed: the page is renewed as it would be without this script.
        function refreshByClock(pause) {
            const isFirst = root.dataset.live !== "clock";
            show("clock");
            if (!isFirst) showBanner("The server does not answer. Trying again…", false);
            clearTimeout(clockTimer);
            clockTimer = setTimeout(renewSoon, isFirst ? refreshPause : pause);
        }

        function lost() {
            show("lost");
            showBanner("The server does not answer.", true);
        }

        function receive(frame) {
            // Of a transaction that comes in parts all is known with the last one.
            if (frame.seq !== undefined && !frame.more) since = frame.seq;
            for (const change of frame.changes ?? []) {
                if (change.to === "IN_PROGRESS") markRunning(change);
                if (change.to === "SUCCESS" || change.to === "FAILED") noteEnd(change);
            }
            showToasts();
            if (isOfInterest(frame)) renewSoon();
        }

        // A place in the feed alone is no news, nor is what is not shown here of what runs.
        function isOfInterest(frame) {
            if (frame.reset || frame.changes?.length) return true;
            if (!frame.live) return Number(frame.seq) > Number(page.sequence);
            const isShown = (id) => document.querySelector(`[data-dispatch="${Number(id)}"]`);
            return frame.workers.length > 0 && document.querySelector("[data-workers]") !== null
                || frame.dispatches.slice(0, 1000).some(isShown);
        }

        // ---- What is said beside the page

        function element(name, marks, ...content) {
            const made = document.createElement(name);
            for (const [mark, value] of Object.entries(marks)) made.setAttribute(mark, value);
            made.append(...content);
            return made;
        }

        const banner = element("div", { class: "banner", role: "alert" });
        const toasts = element("div", { class: "toasts", role: "status" });
        banner.hidden = true;

        function showBanner(text, isOver) {
            const button = element("button", { type: "button" }, "Refresh");
            button.onclick = refreshByHand;
            const parts = [element("strong", {}, "STALE"), element("span", {}, `${text} This is how things were at ${heardAt}.`)];
            banner.replaceChildren(...parts, button);
            banner.classList.toggle("over", isOver);
            banner.hidden = false;
        }

        function hideBanner() {
            banner.hidden = true;
            banner.replaceChildren();
        }

        async function refreshByHand() {
            clearTimeout(retryTimer);
            failures = 0;
            try {
                lay((await load()).response);
                hideBanner();
                if (everOpened) connect(); else refreshByClock(0);
            } catch {
                lost();
            }
        }

        function markRunning(change) {
            if (!change.job) return;
            for (const marks of document.querySelectorAll(`[data-job="${CSS.escape(change.job)}"] .marks`)) {
                if (marks.querySelector(".in-progress")) continue;
                marks.replaceChildren(element("span", { class: "badge in-progress" }, "Running…"));
            }
        }

        // What ended since toasts were last shown: the newest of it, and how many there were.
        let ended = [], endedCount = 0, failedCount = 0;

        function noteEnd(change) {
            endedCount += 1;
            if (change.to === "FAILED") failedCount += 1;
            // One that failed is worth more than one that did not.
            ended = [...ended.filter((other) => other.id !== change.id), change];
            if (ended.length > toastLimit) {
                const place = ended.findIndex((other) => other.to === "SUCCESS");
                ended.splice(Math.max(0, place), 1);
            }
        }

        function showToasts() {
            if (document.hidden || !endedCount) return;
            for (const change of ended) addToast(toastFor(change), change.to === "FAILED");
            const [more, moreFailed] = [
                endedCount - ended.length, failedCount - ended.filter((change) => change.to === "FAILED").length,
            ];
            if (more > 0) {
                const text = `${more} more finished` + (moreFailed ? `, ${moreFailed} of them failed` : "");
                addToast(element("div", { class: "toast plain" }, element("span", {}, text)), moreFailed > 0);
            }
            [ended, endedCount, failedCount] = [[], 0, 0];
        }

        function toastFor(change) {
            const isFailed = change.to === "FAILED";
            const name = element("strong", {}, change.job ?? "Dispatch");
            const link = element("a", { href: `/dispatches/${change.id}` }, `#${change.id}`);
            return element(
                "div", { class: `toast ${isFailed ? "failed" : "success"}` },
                element("span", {}, name, ` ${isFailed ? "failed" : "succeeded"} `, link));
        }

        function addToast(toast, isFailed) {
            const close = element("button", { type: "button", "aria-label": "Dismiss" }, "×");
            close.onclick = () => toast.remove();
            toast.append(close);
            toasts.append(toast);
            while (toasts.children.length > toastLimit + 1) toasts.firstElementChild.remove();
            let timer = 0;
            const start = () => { timer = setTimeout(() => toast.remove(), isFailed ? failedToastTime : toastTime); };
            // It stays while somebody points at it or has the keyboard in it.
            for (const event of ["mouseenter", "focusin"]) toast.addEventListener(event, () => clearTimeout(timer));
            for (const event of ["mouseleave", "focusout"]) toast.addEventListener(event, start);
            start();
        }

        // ---- What somebody does from the page, without leaving it; what comes of it is told by the feed

        function send(form) {
            const request = new XMLHttpRequest();
            request.open("POST", form.action);
            request.responseType = "document";
            request.onload = () => {
                if (request.status < 400 && !request.responseURL.endsWith("/login")) return renewSoon();
                const sentence = request.response?.querySelector(".message p:last-child")?.textContent;
                refuse(sentence ?? "That was not done. Load the page again, and try again.");
            };
            request.onerror = () => refuse("The server does not answer: that was not done.");
            request.send(new URLSearchParams(new FormData(form)));
        }

        function refuse(sentence) {
            addToast(element("div", { class: "toast failed" }, element("span", {}, sentence)), true);
        }

        document.addEventListener("submit", (event) => {
            if (event.target.dataset.stay === undefined) return;
            event.preventDefault();
            send(event.target);
        });

        // ---- The beginning

        function comeBack() {
            tick();
            showToasts();
            if (isDue) renewSoon();
            if (retryTimer || root.dataset.live === "lost") {
                clearTimeout(retryTimer);
                if (everOpened) reconnect(); else renewSoon();
            }
        }

        function begin() {
            connect();
            const request = new XMLHttpRequest();
            request.open("HEAD", "/healthz");
            request.onload = () => {
                readClock(request.getResponseHeader("Date"));
                tick();
                renewInTime();
            };
            request.send();
        }

        document.body.append(banner, toasts);
        document.addEventListener("visibilitychange", () => { if (!document.hidden) comeBack(); });
        window.addEventListener("online", comeBack);
        window.addEventListener("pagehide", () => { leaving = true; });
        window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
        setInterval(tick, 1000);
        if (connection) begin(); else setTimeout(() => location.reload(), refreshPause);
    })();
    """#
