"""From an equation of state through hydrodynamics to the spectra of a heavy-ion collision."""

from jupyter_phys.core.instrument import Card, Task

CARD = Card(
    name="eos",
    title="Equation of state of a heavy-ion collision",
    tasks={
        "collision": Task(
            "what an equation of state makes of a collision: its flow, and the particles that freeze out", drafts=True
        ),
        "generate": Task(
            "many collisions into a store on disk, from which a network can learn to tell equations of state",
            settings="ensemble:Settings",
            inputs="ensemble:Inputs",
            measure="generate:measure",
            panels="generated:panels",
            writes=True,
            cut="generate:CUT",
        ),
        "meter": Task(
            "how well networks and classical methods tell equations of state apart from spectra, and by what",
            settings="meter.settings:Settings",
            inputs="meter.settings:Inputs",
            subjects="meter.subjects:LEARNT",
            measure="meter.compute:measure",
            panels="meter.panels:panels",
        ),
        "predict": Task(
            "from which equation of state spectra come, as a trained meter reads them",
            settings="meter.settings:Predict",
            inputs="meter.settings:Grid",
            subjects="meter.subjects:ASKED",
            measure="meter.predict:measure",
            panels="meter.predict:panels",
        ),
    },
    references=(
        "The question: L.-G. Pang, K. Zhou, N. Su, H. Petersen, H. Stöcker, X.-N. Wang, 'An equation-of-state-meter of "
        "quantum chromodynamics transition from deep learning', Nat. Commun. 9, 210 (2018), arXiv:1612.04262.",
        "Crossover: P. Huovinen, P. Petreczky, Nucl. Phys. A 837, 26 (2010), arXiv:0912.2541 (s95p-v1). HotQCD: "
        "A. Bazavov et al., Phys. Rev. D 90, 094503 (2014), arXiv:1407.6387, with the hadrons of s95p-v1.",
        "First order: EOS-Q, a hadron gas and a bag of quarks and gluons with a Maxwell construction between them.",
        "Scheme: A. Kurganov, E. Tadmor, J. Comput. Phys. 160, 241 (2000). Freeze-out: F. Cooper, G. Frye, "
        "Phys. Rev. D 10, 186 (1974); no resonances decay.",
        "Network: L. Benato et al., 'Shared data and algorithms for deep learning in fundamental physics', "
        "arXiv:2107.00656 (pd4ml), with another input. Importance: L. M. Zintgraf et al., arXiv:1702.04595.",
        "Histograms: Y.-L. Du et al., Eur. Phys. J. C 80, 516 (2020), arXiv:1910.11530, in the file that pd4ml names "
        "3_EOSL_or_EOSQ_180k.npz.",
        "Initial states: M. L. Miller et al., nucl-ex/0701025 (Glauber); J. S. Moreland, J. E. Bernhard, S. A. Bass, "
        "arXiv:1412.4708 (reduced thickness).",
    ),
    tutorial="60_eos",
)
