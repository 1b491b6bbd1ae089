// SPDX-License-Identifier: Apache-2.0
#include "metrics/report/style.hpp"

namespace alarm_dist::report {

// Series colours follow Okabe and Ito (2008), darkened on white and lightened on black to keep a
// contrast of 3:1.
const std::string_view kStyle = R"css(
:root{color-scheme:light;--page:#f6f7f9;--card:#fff;--ink:#1a2230;--soft:#566175;--line:#dfe3ea;--grid:#eceff3;
--c1:#0072b2;--c2:#d55e00;--c3:#00825f;--c4:#a3478a;--c5:#2f8fd0;--c6:#8a93a3;--c7:#8a7400;--c8:#5b4bb5;
--good:#00734f;--good-bg:#e3f4ec;--bad:#b3390a;--bad-bg:#fdeade;--muted:#566175;--muted-bg:#eceff3;
--pos:0 114 178;--neg:213 94 0}
@media(prefers-color-scheme:dark){:root:not([data-theme=light]){color-scheme:dark;--page:#11151c;--card:#1a202a;--ink:#e8ecf2;
--soft:#a3aebf;--line:#2d3644;--grid:#262e3a;--c1:#56b4e9;--c2:#ff9552;--c3:#3fcf9f;--c4:#e596c8;--c5:#8fb8ff;--c6:#8e99aa;
--c7:#e0cb4e;--c8:#b3a6ff;--good:#5fdcae;--good-bg:#143429;--bad:#ff9f6e;--bad-bg:#3d2115;--muted:#a3aebf;--muted-bg:#262e3a;
--pos:60 160 230;--neg:240 120 40}}
:root[data-theme=dark]{color-scheme:dark;--page:#11151c;--card:#1a202a;--ink:#e8ecf2;
--soft:#a3aebf;--line:#2d3644;--grid:#262e3a;--c1:#56b4e9;--c2:#ff9552;--c3:#3fcf9f;--c4:#e596c8;--c5:#8fb8ff;--c6:#8e99aa;
--c7:#e0cb4e;--c8:#b3a6ff;--good:#5fdcae;--good-bg:#143429;--bad:#ff9f6e;--bad-bg:#3d2115;--muted:#a3aebf;--muted-bg:#262e3a;
--pos:60 160 230;--neg:240 120 40}
*{box-sizing:border-box}
html{scroll-behavior:smooth}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:1120px;margin:0 auto;padding:24px 20px 64px}
h1{font-size:2rem;line-height:1.2;margin:.1em 0;overflow-wrap:anywhere}
h2{font-size:1.35rem;margin:2.4em 0 .2em}
h3{font-size:1rem;margin:0}
p{margin:.3em 0}
.kicker{color:var(--soft);text-transform:uppercase;letter-spacing:.08em;font-size:.78rem}
.subtitle,.lead{color:var(--soft);max-width:80ch}
.lead{margin-bottom:1em}
nav{display:flex;flex-wrap:wrap;gap:4px 16px;align-items:center;margin-bottom:24px;font-size:.9rem}
nav a{color:var(--c1);text-decoration:none}
nav a:hover{text-decoration:underline}
button{margin-left:auto;font:inherit;color:var(--ink);background:var(--card);border:1px solid var(--line);border-radius:8px;padding:4px 12px;cursor:pointer}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:16px 18px;margin:0 0 16px}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,460px),1fr));gap:16px;margin-top:16px}
.grid>.card{margin:0;min-width:0}
.wide{grid-column:1/-1}
.wide svg{max-width:640px;margin:0 auto}
.scroll{overflow-x:auto}
figcaption p{color:var(--soft);font-size:.88rem;margin:.15em 0 .6em}
.note{font-size:.9rem;border-left:3px solid var(--c1);padding-left:10px;margin-top:.8em}
.missing{color:var(--soft);border:1px dashed var(--line);border-radius:12px;padding:14px 18px}
.outcome{display:flex;gap:16px;align-items:center;border-radius:12px;padding:14px 18px;margin:18px 0;background:var(--muted-bg)}
.outcome p{margin:0}
.outcome .mark{font-size:1.8rem;line-height:1;color:var(--muted)}
.outcome.good{background:var(--good-bg)}.outcome.good b,.outcome.good .mark{color:var(--good)}
.outcome.bad{background:var(--bad-bg)}.outcome.bad b,.outcome.bad .mark{color:var(--bad)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(120px,1fr));gap:12px}
.tiles:empty{display:none}
.tile{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:10px 14px}
.tile b{display:block;font-size:1.25rem;font-variant-numeric:tabular-nums}
.tile span{color:var(--soft);font-size:.82rem}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.93rem}
th,td{text-align:left;padding:7px 12px 7px 0;border-bottom:1px solid var(--line);vertical-align:baseline}
td,thead th{white-space:nowrap}
thead th{color:var(--soft);font-weight:500;font-size:.85rem}
tbody tr:last-child>*{border-bottom:0}
tbody th{font-weight:600}
th.n,td.n{text-align:right}
.n+th:last-child,.n+td:last-child:not(.n){padding-left:28px}
.facts th{font-weight:500;width:1%;white-space:nowrap;padding-right:24px}
.facts td{white-space:normal;overflow-wrap:anywhere}
.code,pre{font-family:ui-monospace,"DejaVu Sans Mono",Consolas,monospace;font-size:.84rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.8em 0 0}
summary{cursor:pointer;color:var(--soft);overflow-wrap:anywhere}
details.card>summary{color:var(--ink);font-weight:600}
.chip{display:inline-block;border-radius:99px;padding:1px 10px;font-size:.82rem;white-space:nowrap;background:var(--muted-bg);color:var(--muted)}
.chip.good{background:var(--good-bg);color:var(--good)}
.chip.bad{background:var(--bad-bg);color:var(--bad)}
.chip.tag{border:1px solid var(--line);background:none;font-weight:400}
svg{display:block;width:100%;height:auto;font-size:11px}
svg text{fill:var(--soft);font-family:inherit}
svg .name{fill:var(--ink)}
svg .end{text-anchor:end}
svg .middle{text-anchor:middle}
.gridline{stroke:var(--grid)}
.baseline,.zero{stroke:var(--soft);stroke-width:1}
.zero{opacity:.6}
.level{stroke:var(--soft);stroke-width:1.4;stroke-dasharray:5 4;fill:none}
.curve{fill:none;stroke:currentColor;stroke-width:2.2;stroke-linejoin:round}
.thin{fill:none;stroke:currentColor;stroke-width:1;stroke-dasharray:2 3}
.raw{fill:currentColor;opacity:.3}
.dot{fill:currentColor;opacity:.55}
.dot.c6{opacity:.35}
.solid,.fill{fill:currentColor}
.soft{opacity:.6}
.faint{opacity:.18}
.outline{fill:none;stroke:currentColor;stroke-width:1.6}
.mean{stroke:currentColor;stroke-width:2;stroke-dasharray:6 3}
.interval{stroke:currentColor;stroke-width:3;stroke-linecap:round}
.whisker{stroke:var(--ink);stroke-width:1.6}
.c1{color:var(--c1)}.c2{color:var(--c2)}.c3{color:var(--c3)}.c4{color:var(--c4)}.c5{color:var(--c5)}.c6{color:var(--c6)}.c7{color:var(--c7)}.c8{color:var(--c8)}
svg .good{color:var(--good)}svg .bad{color:var(--bad)}svg .muted{color:var(--muted)}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;list-style:none;margin:0 0 .4em;padding:0;font-size:.85rem;color:var(--soft)}
.key{display:inline-block;margin-right:6px;vertical-align:middle;background:currentColor}
.key.line{width:18px;height:3px}
.key.level{background:none;border-top:2px dashed var(--soft)}
.key.dot{width:9px;height:9px;border-radius:50%;opacity:1}
.key.box{width:11px;height:11px;border-radius:2px}
.key.diamond{width:8px;height:8px;transform:rotate(45deg)}
.sharebar{display:flex;height:22px;border-radius:6px;overflow:hidden;margin:.4em 0 .8em}
.sharebar i{background:currentColor;min-width:1px}
.samples>input{position:absolute;opacity:0;pointer-events:none}
.switches{display:flex;flex-wrap:wrap;gap:8px;align-items:center;position:sticky;top:0;background:var(--page);padding:8px 0;margin-bottom:8px;z-index:1;font-size:.88rem;color:var(--soft)}
.switches label{border:1px solid var(--line);border-radius:99px;padding:2px 12px;cursor:pointer;background:var(--card);color:var(--ink)}
.samples>input:focus-visible~.switches{outline:2px solid var(--c1)}
.ramp{display:flex;align-items:center;gap:2px;margin-left:auto}
.ramp i{font-style:normal;margin:0 4px}
.ramp b{width:18px;height:14px;border:1px solid var(--line)}
.ramp .neg{background:rgb(var(--neg)/.7)}.ramp .neg.weak{background:rgb(var(--neg)/.3)}
.ramp .pos{background:rgb(var(--pos)/.7)}.ramp .pos.weak{background:rgb(var(--pos)/.3)}
.samples h3{display:flex;flex-wrap:wrap;gap:4px 10px;align-items:baseline;margin-bottom:.3em;overflow-wrap:anywhere}
.change{margin-left:auto;color:var(--soft);font-weight:400;font-size:.88rem}
.samples details{font-size:.88rem}
.sides{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,270px),1fr));gap:18px;margin-top:12px}
.side h4{margin:0 0 .3em;font-size:.9rem;display:flex;justify-content:space-between}
.side h4 span{font-weight:400;color:var(--soft)}
.chips{display:flex;flex-wrap:wrap;gap:4px;margin-bottom:.5em}
.chips .chip{font-size:.76rem;padding:0 8px}
.response{white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.75;font-size:.95rem}
.reference{border-left:3px solid var(--line);padding-left:14px}
.tok{--v:0;border-radius:3px;box-decoration-break:clone;-webkit-box-decoration-break:clone;background-image:linear-gradient(rgb(var(--pos)/var(--v)) 0 0),linear-gradient(rgb(var(--neg)/calc(-1*var(--v))) 0 0)}
.marked{text-decoration:underline wavy var(--c4) 1px;text-underline-offset:4px}
.hit{padding:.12em .22em;margin:0 -.04em}
.eos{font-size:.72rem;border:1px solid var(--line);padding:0 4px;margin-left:4px;color:var(--ink);white-space:nowrap}
footer{margin-top:48px;color:var(--soft);font-size:.85rem}
@media(max-width:560px){main{padding:14px 12px 40px}h1{font-size:1.5rem}.card{padding:12px}svg{font-size:13px}.change{margin-left:0}.ramp{margin-left:0}.role{display:none}table{font-size:.85rem}th,td{padding-right:9px}.tiles{grid-template-columns:repeat(2,1fr)}}
@media print{body{background:#fff}nav,.switches{display:none}.card{break-inside:avoid}}
)css";

const std::string_view kScript =
    "document.getElementById('theme').onclick=()=>{const r=document.documentElement,"
    "d=r.dataset.theme?r.dataset.theme=='dark':matchMedia('(prefers-color-scheme:dark)').matches;"
    "r.dataset.theme=d?'light':'dark'}";

}  // namespace alarm_dist::report
