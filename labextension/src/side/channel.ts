/** The way to a kernel's answers: one comm a kernel, opened by the first question. */
import type { Kernel } from '@jupyterlab/services';

const TARGET = 'jupyter_phys.survey';

export class Channel {
  private comm: Kernel.IComm | null = null;
  private kernel: Kernel.IKernelConnection | null = null;

  /** What the kernel says; null where it has not loaded jupyter_phys. */
  ask(kernel: Kernel.IKernelConnection): Promise<unknown> {
    if (!kernel.handleComms) {
      return Promise.reject(new Error('This connection to the kernel does not take questions.'));
    }
    return new Promise(resolve => {
      const known = this.kernel === kernel && this.comm?.isDisposed === false ? this.comm : null;
      const comm = known ?? kernel.createComm(TARGET);
      [this.kernel, this.comm] = [kernel, comm];
      comm.onMsg = message => resolve(message.content.data);
      comm.onClose = () => {
        this.comm = null;
        resolve(null);
      };
      // The question travels in the opening: a kernel that does not know the target would complain of a second message.
      void (known ? comm.send(QUESTION) : comm.open(QUESTION)).done.catch(() => undefined);
    });
  }

  /** Gives the comm back to the kernel. */
  close(): void {
    const comm = this.comm;
    [this.kernel, this.comm] = [null, null];
    if (comm && !comm.isDisposed) {
      comm.onClose = () => undefined;
      try {
        void comm.close().done.catch(() => undefined);
      } catch {
        // a dead kernel takes no farewell
      }
    }
  }
}

const QUESTION = { ask: 'survey' };
