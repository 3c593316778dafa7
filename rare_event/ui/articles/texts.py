"""What the two articles say at each step, in our words, and why the figures here differ from theirs."""

from __future__ import annotations

from dataclasses import dataclass, field

SOURCES = (
    "C. Ranjan, *Extreme Rare Event Classification using Autoencoders in Keras* (dense) and *LSTM "
    "Autoencoder for Extreme Rare Event Classification in Keras* (LSTM), 2019. Data: Ranjan and others, "
    "arXiv 1809.10717."
)
LSTM, TEXT, NOTEBOOK = "article-lstm", "article-dense-text", "article-dense"
DENSE = (TEXT, NOTEBOOK)


@dataclass(frozen=True)
class Passage:
    """A step: what both articles say, what each says by its preset, and why figures differ here."""

    title: str
    both: str = ""
    each: dict[str, str] = field(default_factory=dict)
    differs: str = ""

    def says(self, article: str) -> str:
        """Return what an article says."""
        return " ".join(filter(None, (self.both, self.each.get(article, ""))))


def _dense(text: str) -> dict[str, str]:
    return dict.fromkeys(DENSE, text)


READ = Passage(
    "First rows",
    "18,398 rows and 63 columns: the time, the label y, and x1 to x61. About 0.7% of the rows are breaks.",
    differs="The articles mention 15 days. Their data cover 28 days, of which the mill ran 25.6.",
)
COLUMNS = Passage(
    "Columns left out",
    "The time and the two columns that hold categories, x28 and x61, are dropped: 59 sensors remain.",
)
SHIFT = Passage(
    "Shift of the label",
    each=_dense("The label moves up by two rows, to warn 4 minutes ahead.")
    | {LSTM: "The two rows before each break become positive, and the row of the break is removed."},
    differs="The dense article moves the label up by two rows. This marks only the second row before each "
    "break, and calls the break itself normal. All presets here mark both rows and remove the break, as "
    "the LSTM article does.",
)
WINDOWS = Passage(
    "Windows",
    each=_dense("Each row is a sample of its own.")
    | {LSTM: "Each sample holds the last 5 rows. The shape is samples x lookback x features."},
    differs="The LSTM article's code that builds the windows loses three rows. In the articles' "
    "presets, windows run across stops; in all other presets they do not.",
)
SPLIT = Passage(
    "Training, validation and test",
    "A random fifth of the samples is for testing, a random fifth of the rest for validation.",
    differs="A random split puts the neighbours of each test row into the training data. Its figures are too "
    "optimistic: on the articles' data, split by time, the same models do no better than chance. A break "
    "with positive rows in more than one part is counted in each of these parts.",
)
SCALING = Passage(
    "Mean 0 and variance 1",
    "Each sensor is scaled with the mean and the variance of the normal training rows only.",
    {LSTM: "Check: all means are 0 and all variances are 1."},
)
NETWORK = Passage(
    "Network",
    each={
        TEXT: "Layers of 32 tanh (with a penalty on their outputs), 16 relu and 16 tanh units; the output is "
        "relu.",
        NOTEBOOK: "Layers of 32, 16, 16 and 32 relu units, with a penalty on the outputs of the first one.",
        LSTM: "LSTM layers of 32, 16, 16 and 32 relu units. The article counts 5,331 parameters, about half "
        "the number of training samples.",
    },
    differs="A relu output is never below 0, and the mean of each scaled sensor is 0, so such an output "
    "cannot reconstruct a value below the mean. The network listed in the LSTM article has 25,243 "
    "parameters, not 5,331 as the article says.",
)
LOSS = Passage(
    "Loss curve",
    each={
        TEXT: "100 epochs, batches of 128, Adam with learning rate 0.001; the best weights are saved.",
        NOTEBOOK: "200 epochs, batches of 128, Adam with learning rate 0.001. Final validation loss: 0.2107.",
        LSTM: "200 epochs, batches of 64, Adam with learning rate 0.0001. Final validation loss: 0.1625.",
    },
    differs="The dense networks are trained with a penalty that keeps the outputs of a layer small. In 2019, "
    "Keras, the library that the articles use, summed this penalty over all windows of a training step; "
    "today it takes the mean. The presets use the sum. The articles also "
    "report an accuracy; for an autoencoder it means nothing.",
)
CURVES = Passage(
    "Precision and recall by threshold",
    each={
        TEXT: "Threshold read from the validation data: 0.8.",
        NOTEBOOK: "Threshold read from the validation data: 0.4.",
        LSTM: "Threshold read from the validation data: 0.3.",
    },
    differs="The articles plot each precision at the threshold below its own. A fixed threshold does not "
    "suit another seed, split or Keras version; choose it again on validation data.",
)
ERRORS = Passage(
    "Reconstruction error by class",
    "Points above the threshold line are predicted breaks, correct or not.",
    {LSTM: "The caption of the figure says 0.8; the line is at 0.3."},
)
TEST_ERRORS = Passage(
    "Reconstruction error by class, test data",
    "The threshold chosen on validation data is used unchanged on the test data.",
)
MATRIX = Passage(
    "Confusion matrix",
    each={
        TEXT: "4 of 21 breaks caught, false positive rate about 7%.",
        NOTEBOOK: "8 of 41 positive rows caught, with 171 false positives.",
        LSTM: "13 of 49 positive rows caught, and 286 false positives among 3,605 normal rows. "
        "The text says 10 of 39.",
    },
    differs="The matrix in the dense notebook shows the validation data, from which its threshold was read. "
    "The matrices here show the test data.",
)
ROC = Passage(
    "ROC curve and AUC",
    each={
        NOTEBOOK: "The curve shows the validation data, like the confusion matrix.",
        LSTM: "AUC 0.706, about 10% better than the dense network.",
    },
    differs="On the articles' test data, over five seeds, the AUC is 0.70 to 0.72 (LSTM), 0.61 to 0.64 "
    "(dense notebook) and 0.55 to 0.58 (dense article's text).",
)
REPORT = Passage(
    "Classification report",
    "Precision, recall and F1 of each class, with the number of windows in it.",
    differs="If 1% of the rows are breaks, a model that never warns has an accuracy of 99%.",
)
BREAKS = Passage(
    "Breaks caught",
    each={
        TEXT: "4 of 21 breaks are predicted, which the article calls about 25%. It is 19%.",
        LSTM: "10 of 39 breaks are predicted.",
    },
    differs="The articles count positive rows. A break has one or two of these, so the counts differ. "
    "Both are given here.",
)
BOARD = Passage(
    "Dense against LSTM",
    each={LSTM: "The LSTM is a minor improvement. It has more parameters and needs regularisation."},
    differs="On the articles' data, with 52 positive test rows, the intervals of the two AUCs overlap: the "
    "difference may be due to chance.",
)
SAVED = Passage(
    "Saved model and TensorBoard",
    "The best model is saved to a file, and the training is logged for TensorBoard.",
)
OTHERS = Passage(
    "The alternative: fewer normal rows",
    each=_dense(
        "A random forest or an SVM works on a sample with as many normal rows as positive ones, about 1% "
        "of the data; the rest is not used."
    ),
    differs="Both are among the baselines: tick “Also train the baselines” on the Train page, "
    "and see them on the Compare page.",
)
OUTLOOK = Passage(
    "What could be better",
    each=_dense("The network uses no temporal pattern. The next article will use an LSTM autoencoder.")
    | {
        LSTM: "To be tried next: a CNN-LSTM autoencoder, dropout, dropout within the LSTM, Gaussian dropout, "
        "SELU activation, and alpha dropout with SELU."
    },
    differs="All of these are models or options on the Train page. Judge them on periods after the training "
    "data: on a random split, an improvement may mean only that the model remembers neighbouring rows.",
)

PASSAGES = (
    *(READ, COLUMNS, SHIFT, WINDOWS, SPLIT, SCALING, NETWORK, LOSS, CURVES, ERRORS),
    *(TEST_ERRORS, MATRIX, ROC, REPORT, BREAKS, BOARD, SAVED, OTHERS, OUTLOOK),
)
