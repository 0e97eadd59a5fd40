/** Files as they stand in the conversation: a picture as such, anything else as a card; both are saved by a press. */
import { texts } from "@texts/files";
import type { ComponentChildren } from "preact";
import { IconDoc } from "../../../../shared/icons.tsx";
import type { AttachmentView } from "../../../../shared/protocol.ts";
import { Component } from "../exports.ts";
import { linkOf } from "./sending.ts";
import { sizeWords } from "./sizes.ts";

interface Shown {
  handoff: string;
  file: AttachmentView;
}

/** A link lives for a minute, so it is asked for at the press. */
async function save({ handoff, file }: Shown): Promise<boolean> {
  const url = await linkOf(handoff, file);
  if (url === null) return false;
  const link = document.createElement("a");
  link.href = url;
  link.download = file.name;
  link.rel = "noopener noreferrer";
  link.click();
  return true;
}

class Item extends Component<Shown, { url: string | null; failed: boolean }> {
  override state = { url: null as string | null, failed: false };
  #watch: IntersectionObserver | null = null;
  #asked = 0;
  #place: HTMLLIElement | null = null;
  #keep = (place: HTMLLIElement | null): void => {
    this.#place = place;
  };

  override componentDidMount(): void {
    if (!this.props.file.kind.startsWith("image/") || !this.#place) return;
    // What is scrolled out of sight of a long talk is not fetched.
    this.#watch = new IntersectionObserver(([seen]) => seen?.isIntersecting && this.#show());
    this.#watch.observe(this.#place);
  }

  override componentWillUnmount(): void {
    this.#watch?.disconnect();
  }

  /** Twice at most: the first link may have run out before the picture was asked for. */
  #show = (): void => {
    this.#watch?.disconnect();
    if (this.#asked++ < 2) void linkOf(this.props.handoff, this.props.file).then((url) => this.setState({ url }));
  };

  render(): ComponentChildren {
    const { file } = this.props;
    const { url, failed } = this.state;
    return (
      <li ref={this.#keep}>
        <button type="button" class="file" onClick={() => void save(this.props).then((saved) => this.setState({ failed: !saved }))}>
          {url === null ? (
            <IconDoc large />
          ) : (
            <img class="file__picture" src={url} alt="" width={file.width ?? undefined} height={file.height ?? undefined} onError={this.#show} />
          )}
          <span class="file__words">
            <span class="vh">{texts.save} </span>
            <b class="cut">
              <bdi>{file.name}</bdi>
            </b>
            <small>{sizeWords(file.size)}</small>
          </span>
        </button>
        <span role="status">{failed && <small class="bad">{texts.notNow}</small>}</span>
      </li>
    );
  }
}

export function Carried({ handoff, files }: { handoff: string; files: readonly AttachmentView[] }): ComponentChildren {
  return (
    <ul class="files">
      {files.map((file) => (
        <Item key={file.id} handoff={handoff} file={file} />
      ))}
    </ul>
  );
}
