/** The two configs that the original's scripts can read, written anew from what is known of their keys. */
export const pascalConfig = `dataset: pascal
nclass: 21
data_root: data/VOC2012
multi_grid: False
replace_stride_with_dilation: [False, False, True]
dilations: [6, 12, 18]
`;

export const cityscapesConfig = `dataset: cityscapes
nclass: 19
data_root: data/cityscapes

criterion:
  name: OHEM
  kwargs:
    ignore_index: 255
    thresh: 0.7
    min_kept: 100000

multi_grid: true
replace_stride_with_dilation:
  - no
  - yes
  - on
dilations: [12, 24, 36]
`;
