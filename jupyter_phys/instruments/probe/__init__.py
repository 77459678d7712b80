"""The uncertainty relation of a network, and how far its answers survive attack."""

from jupyter_phys.core.instrument import Card, Task

CARD = Card(
    name="probe",
    title="Uncertainty relation of a network, and its answers under attack",
    tasks={
        "model": Task("how sharp a network's loss is in x, how spread in the conjugate gradient, and what attacks do"),
        "watch": Task(
            "the same while a network is trained, every few steps of its optimizer",
            settings="settings:Watching",
            around="watch:Watch",
            panels="panels.training:panels",
        ),
    },
    references=(
        "Definitions and estimators are ours, after: J.-J. Zhang, D.-X. Zhang, J.-N. Chen, L.-G. Pang, D. Meng, "
        "'On the uncertainty principle of neural networks', arXiv:2205.01493.",
        "J.-J. Zhang, D. Meng, 'Quantum-inspired analysis of neural network vulnerabilities', "
        "Natl. Sci. Rev. 11(9), nwae141 (2024), arXiv:2402.10983.",
        "Against an inherent trade-off of accuracy and robustness: Y.-Y. Yang et al., NeurIPS 2020, arXiv:2003.02460; "
        "for one, on a constructed distribution: D. Tsipras et al., arXiv:1805.12152.",
        "FGSM: I. Goodfellow et al., arXiv:1412.6572. PGD: A. Madry et al., arXiv:1706.06083. "
        "AutoAttack: F. Croce, M. Hein, arXiv:2003.01690.",
        "Input–gradient correlation: D.-X. Zhang et al., 'Neural Uncertainty Principle', arXiv:2603.19562; "
        "alignment: C. Etmann et al., arXiv:1905.04172.",
    ),
    tutorial="20_probe",
)
