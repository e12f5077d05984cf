// A page's title: it gets the focus when the page is entered, so that readers know where they are.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface Props {
  title: string;
  children?: ComponentChildren;
  /** Beside the title. */
  beside?: ComponentChildren;
}

export function PageHead({ title, children, beside }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} – Spillway`;
  }, [title]);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <div class="page-head">
      <div class="page-title">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {beside}
      </div>
      {children && <div class="page-acts">{children}</div>}
    </div>
  );
}
